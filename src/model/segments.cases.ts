import type { Gpu } from '../gpu/gpu.ts';
import { bundledModel, bundledTokenizer } from '../testing/bundled.ts';
import { gpuCases } from '../testing/cases.ts';
import { expectClose } from '../testing/close.ts';
import { familyConfig, familyGolden, familyNames, familyTensors } from '../testing/family-goldens.ts';
import { TestRandom } from '../testing/random.ts';
import { TINY, tinyModel } from '../testing/tiny-heads.ts';
import { FacetError } from '../shared/errors.ts';
import { generate } from '../storyworld/index.ts';
import { allHooks } from './hooks.ts';
import type { RunPlan } from './run-plan.ts';
import { Transformer } from './transformer.ts';

const load = async (gpu: Gpu, name: string): Promise<Transformer> =>
  Transformer.load(gpu, familyConfig(name), await familyTensors(name));

type Sequence = Uint32Array<ArrayBuffer>;

function joined(sequences: readonly Sequence[]): { ids: Sequence; segments: Sequence } {
  let rows = 0;
  const segments = Uint32Array.from(sequences, ({ length }) => {
    rows += length;
    return rows - length;
  });
  return { ids: Uint32Array.from(sequences.flatMap((ids) => [...ids])), segments };
}

/** Everything a plan gives, by name; rank-3 patterns aside. */
async function read(model: Transformer, plan: RunPlan): Promise<Map<string, Float32Array>> {
  const batch = model.gpu.batch('test');
  const { captures, logits } = model.record(batch, plan);
  const all = [...captures, ...(logits ? [['logits', logits] as const] : [])];
  const { arrays } = await batch.submit(all.map(([, tensor]) => tensor));
  return new Map(all.map(([name], i) => [name, arrays[i] as Float32Array]));
}

/** Holds a packed pass against one pass a sequence, every hook that has a row a token, and the logits. */
async function compare(
  model: Transformer,
  sequences: readonly Sequence[],
  what: string,
  plan: Pick<RunPlan, 'captures' | 'logits'> = {},
): Promise<void> {
  const captures =
    plan.captures ?? allHooks(model.config).filter((hook) => !/pattern|attn_scores/.test(hook));
  const logits = plan.logits ?? 'all';
  const packed = await read(model, { ...joined(sequences), captures, logits });
  let at = 0;
  for (const ids of sequences) {
    const alone = await read(model, { ids, captures, logits });
    for (const [hook, values] of alone) {
      const width = values.length / ids.length;
      const own = packed.get(hook)!.subarray(at * width, (at + ids.length) * width);
      const size = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
      expectClose(own, values, { absolute: 1e-5 * size }, `${what}: ${hook} of rows ${at} and on`);
    }
    at += ids.length;
  }
}

function randomSequences(seed: number, lengths: readonly number[], vocabulary: number): Sequence[] {
  const random = new TestRandom(seed);
  return lengths.map((length) => Uint32Array.from({ length }, () => Math.floor(random.next() * vocabulary)));
}

/** One row alone, on edges of blocks of 16 and off them, the context of the tiny models, many of one row. */
const LENGTHS: readonly (readonly number[])[] = [
  [24],
  [1, 15, 16, 32, 7, 40, 1, 1, 9],
  Array<number>(21).fill(1),
];

export const cases = gpuCases('segments', {
  'every family: each hook and the logits are those of one pass a sequence': async (gpu) => {
    for (const name of familyNames) {
      using model = await load(gpu, name);
      const { dVocab } = model.config;
      for (const lengths of LENGTHS)
        await compare(model, randomSequences(lengths.length, lengths, dVocab), `${name} [${lengths.join()}]`);
    }
  },
  'GPT-2: the same, and with fused steps and without logits': async (gpu) => {
    const { model } = await tinyModel(gpu, TINY[0]);
    using _ = model;
    const { nCtx, dVocab } = model.config;
    const sequences = randomSequences(3, [5, nCtx, 1, 16, nCtx, 2], dVocab);
    await compare(model, sequences, 'all');
    await compare(model, sequences, 'fused', { captures: [] });
    await compare(model, sequences, 'one', { captures: ['blocks.1.hook_resid_pre'], logits: 'none' });
  },
  'patterns: nothing is seen of other sequences, and what is seen is the same': async (gpu) => {
    for (const name of ['gpt_neo', 'gemma2', 'llama']) {
      using model = await load(gpu, name);
      const sequences = randomSequences(8, [9, 1, 22], model.config.dVocab);
      const captures = [0, 1].map((layer) => `blocks.${layer}.attn.hook_pattern`);
      const packed = await read(model, { ...joined(sequences), captures });
      let at = 0;
      for (const ids of sequences) {
        const alone = await read(model, { ids, captures });
        for (const hook of captures) {
          const [own, all] = [alone.get(hook)!, packed.get(hook)!];
          const expected: number[] = [];
          const found: number[] = [];
          for (let head = 0; head < model.config.nHeads; head++)
            for (let t = 0; t < ids.length; t++)
              for (let s = 0; s < 32; s++) {
                const inside = s >= at && s < at + ids.length;
                expected.push(inside ? own[(head * ids.length + t) * ids.length + s - at]! : 0);
                found.push(all[(head * 32 + at + t) * 32 + s]!);
              }
          expectClose(found, expected, { absolute: 1e-5 }, `${name}: ${hook}`);
        }
        at += ids.length;
      }
    }
  },
  'bundled model: Storyworld items, more rows than its context': async (gpu) => {
    using model = await bundledModel(gpu);
    const tokenizer = await bundledTokenizer();
    const sequences = Array.from({ length: 5 }, (_, i) =>
      Uint32Array.from(
        [0, ...tokenizer.tokenize(generate(5, i).text).tokens.slice(0, 255)].map((token) =>
          typeof token === 'number' ? token : token.id,
        ),
      ),
    );
    const captures = [0, 1, 2, 3].flatMap((layer) =>
      [
        'hook_resid_pre',
        'hook_resid_mid',
        'attn.hook_z',
        'mlp.hook_in',
        'hook_mlp_out',
        'hook_resid_post',
      ].map((hook) => `blocks.${layer}.${hook}`),
    );
    await compare(model, sequences, 'items', { captures, logits: 'none' });
  },
  'resumed at a layer': async (gpu) => {
    using model = await load(gpu, 'gemma2');
    const given = joined(randomSequences(2, [20, 3, 30], model.config.dVocab));
    const batch = gpu.batch('test');
    const hook = 'blocks.1.hook_resid_pre';
    const whole = model.record(batch, { ...given, captures: [hook], logits: 'all' });
    const resume = { layer: 1, residual: whole.captures.get(hook)! };
    const resumed = model.record(batch, { ...given, resume, logits: 'all' });
    const { arrays } = await batch.submit([whole.logits!, resumed.logits!]);
    expectClose(arrays[1]!, arrays[0]!, { absolute: 1e-5 }, 'resumed');
  },
  'what does not go together is refused by name': async (gpu) => {
    using model = await load(gpu, 'llama');
    using cache = model.cache();
    await cache.reserve(9);
    const ids = Uint32Array.from((await familyGolden('llama')).ids['24']!);
    const plan = { ids: ids.slice(0, 9), segments: Uint32Array.of(0, 4) };
    const held = { layers: new Map() };
    const refused: [RunPlan, string, RegExp][] = [
      [{ ...plan, cache }, 'bug', /no cache/],
      [{ ...plan, masks: new Map() }, 'bug', /no masks/],
      [{ ...plan, keepAttention: held }, 'bug', /no keepAttention/],
      [{ ...plan, holdAttention: held }, 'bug', /no holdAttention/],
      [{ ...plan, logits: 'last' }, 'bug', /no last row/],
      [{ ...plan, segments: Uint32Array.of(0, 9) }, 'bug', /share out 9 rows/],
      [{ ids: new Uint32Array(42), segments: Uint32Array.of(0, 1) }, 'bad-input', /41 tokens do not fit/],
    ];
    for (const [each, code, message] of refused) {
      const batch = gpu.batch('refused');
      try {
        model.record(batch, each);
      } catch (thrown) {
        if (thrown instanceof FacetError && thrown.code === code && message.test(thrown.message)) continue;
        throw thrown;
      } finally {
        batch.discard();
      }
      throw new Error(`nothing was said about ${String(message)}`);
    }
  },
});
