import { expose } from 'comlink';
import { Baselines } from '../src/analysis/steering/baselines.ts';
import { type CompareOptions, compareText } from '../src/analysis/steering/compare.ts';
import type { Steering } from '../src/analysis/steering/steering.ts';
import { Gpu } from '../src/gpu/gpu.ts';
import { Transformer } from '../src/model/transformer.ts';
import { addedRows } from '../src/testing/added-rows.ts';
import { bundledModel } from '../src/testing/bundled.ts';
import { TestRandom } from '../src/testing/random.ts';
import { MemoryTensors } from '../src/testing/tensors.ts';

export interface SliderTimes {
  model: string;
  length: number;
  /** Fastest of the rounds: one forward pass with all logits, of which the last row is read. */
  passMs: number;
  /** What was measured: the fastest to the fastest pass, and the median of ratios within a round. */
  steps: { name: string; ratio: number; median: number; ms: number }[];
}

type Ids = Uint32Array<ArrayBuffer>;

/** As wide as twelve layers allow on a software adapter. */
const RANDOM = { n_layer: 12, n_head: 6, n_embd: 192, n_positions: 256, vocab_size: 3072 };

function randomModel(gpu: Gpu): Promise<Transformer> {
  const { n_layer, n_embd: d, n_positions, vocab_size } = RANDOM;
  const random = new TestRandom(5);
  const tensors = new MemoryTensors();
  const put = (name: string, shape: number[], values?: Float32Array): void => {
    const size = shape.reduce((product, each) => product * each, 1);
    tensors.set(name, values ?? random.normal(size, 0.05), shape);
  };
  const ones = new Float32Array(d).fill(1);
  put('wte.weight', [vocab_size, d]);
  put('wpe.weight', [n_positions, d]);
  for (let layer = 0; layer < n_layer; layer++) {
    for (const [name, rows, columns] of [
      ['attn.c_attn', d, 3 * d],
      ['attn.c_proj', d, d],
      ['mlp.c_fc', d, 4 * d],
      ['mlp.c_proj', 4 * d, d],
    ] as const) {
      put(`h.${layer}.${name}.weight`, [rows, columns]);
      put(`h.${layer}.${name}.bias`, [columns]);
    }
    for (const norm of ['ln_1', 'ln_2']) {
      put(`h.${layer}.${norm}.weight`, [d], ones);
      put(`h.${layer}.${norm}.bias`, [d]);
    }
  }
  put('ln_f.weight', [d], ones);
  put('ln_f.bias', [d]);
  return Transformer.load(gpu, { model_type: 'gpt2', ...RANDOM }, tensors);
}

/** One forward pass with all logits, of which the last row is read. */
async function plainPass(model: Transformer, ids: Ids): Promise<void> {
  const batch = model.gpu.batch('pass');
  const { logits } = model.record(batch, { ids, logits: 'all' });
  const row = batch.scratch([1, model.config.dVocab]);
  batch.copy(logits!, row, { fromOffset: 4 * (ids.length - 1) * model.config.dVocab, size: row.byteLength });
  await batch.submit([row]);
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

async function msOf(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

async function sliderTimes(
  name: string,
  model: Transformer,
  length: number,
  rounds: number,
): Promise<SliderTimes> {
  using baselines = new Baselines(model);
  const { nLayers, dModel, dVocab } = model.config;
  const random = new TestRandom(3);
  const ids = Uint32Array.from({ length }, () => random.integer(dVocab));
  const rows = {
    rows: Array.from(ids, (_, row) => row),
    special: Array.from(ids, () => false),
    promptRows: length,
  };
  const values = random.normal(length * dModel, 0.5);
  const options: CompareOptions = { row: length - 1, nextTokens: 10, movers: 10, frozen: false };
  const compare = (steering: Steering, more = {}): Promise<unknown> =>
    compareText({ model, baselines }, { ids, rows }, steering, { ...options, ...more });
  const layers = Array.from({ length: nLayers }, (_, layer) => layer).filter(
    (layer) => nLayers < 8 || layer % 3 === 0 || layer === nLayers - 1,
  );
  const at = (layer: number): Steering =>
    addedRows([{ hook: `blocks.${layer}.hook_resid_pre`, layer, values }]);
  const steps = [
    // The same answer without the cached residual.
    { name: 'from the embedding', run: () => compare({ ...at(0), atEmbedding: true }) },
    ...layers.map((layer) => ({ name: `layer ${layer}`, run: () => compare(at(layer)) })),
    {
      name: `layer ${layers.at(-1)!}, frozen as well`,
      run: () => compare(at(layers.at(-1)!), { frozen: true }),
    },
  ].map((step) => ({ ...step, times: [] as number[], ratios: [] as number[] }));
  const passes: number[] = [];
  // The first round makes the bases, and compiles.
  for (let round = 0; round <= rounds; round++) {
    const pass = await msOf(() => plainPass(model, ids));
    if (round > 0) passes.push(pass);
    for (const { run, times, ratios } of steps) {
      const ms = await msOf(run);
      if (round === 0) continue;
      times.push(ms);
      ratios.push(ms / pass);
    }
  }
  return {
    model: name,
    length,
    passMs: Math.min(...passes),
    steps: steps.map(({ name: step, times, ratios }) => ({
      name: step,
      ratio: Math.min(...times) / Math.min(...passes),
      median: median(ratios),
      ms: Math.min(...times),
    })),
  };
}

const bench = {
  /** A slider's step for an addition before some layers, beside a forward pass of the same round. */
  async slider(lengths: number[], rounds: number): Promise<SliderTimes[]> {
    using gpu = await Gpu.acquire({ largestTensorBytes: 1 << 28 });
    const found: SliderTimes[] = [];
    for (const [name, load] of [
      ['bundled, 4 layers', bundledModel],
      [`random, ${RANDOM.n_layer} layers`, randomModel],
    ] as const) {
      using model = await load(gpu);
      for (const length of lengths) found.push(await sliderTimes(name, model, length, rounds));
    }
    return found;
  },
};

export type SteeringStepsBench = typeof bench;
expose(bench);
