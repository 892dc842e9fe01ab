import type { Dictionary } from '../../dictionary/dictionary.ts';
import type { Gpu } from '../../gpu/gpu.ts';
import type { Transformer } from '../../model/transformer.ts';
import { gpuCases } from '../../testing/cases.ts';
import { expectClose, expectEqual } from '../../testing/close.ts';
import { PlainDictionary, type PlainSpec } from '../../testing/plain-dictionary.ts';
import { type TINY, tinyModel } from '../../testing/tiny-heads.ts';
import { Bases } from './bases.ts';
import type { Intervention } from './intervention.ts';
import { type Preparation, prepareInterventions } from './prepare.ts';
import type { PassRows } from './steering.ts';

const IDS = Uint32Array.from([0, 7, 33, 5, 11, 42, 12, 7, 20]);
const SPECIAL = Array.from(IDS, (id) => id === 0);
const ALL_ROWS: PassRows = { rows: Array.from(IDS.keys()), special: SPECIAL, promptRows: 6 };

const preparation = (model: Transformer, bases: Bases): Preparation => ({
  model,
  bases,
  turn: (work) => work(),
  ids: IDS.slice(0, ALL_ROWS.promptRows),
  read: () => ({ ids: Uint32Array.of(0, 50, 2, 31), special: [true, false, false, false] }),
});

/** What a pass has at some hooks, and its logits as the last. */
async function run(
  model: Transformer,
  interventions: readonly Intervention<Dictionary>[],
  hooks: readonly string[],
): Promise<Float32Array[]> {
  using bases = new Bases(model);
  using steering = await prepareInterventions(preparation(model, bases), interventions, () => {});
  for (let tries = 0; tries < 3; tries++) {
    const batch = model.gpu.batch('steered');
    const made = steering.edits(ALL_ROWS);
    const { captures, logits } = model.record(batch, {
      ids: IDS,
      captures: hooks,
      edits: made.edits,
      logits: 'all',
    });
    const counts = made.reads();
    const { arrays } = await batch.submit([...counts, ...hooks.map((hook) => captures.get(hook)!), logits!]);
    if (made.settle(arrays.slice(0, counts.length))) return arrays.slice(counts.length) as Float32Array[];
  }
  throw new Error('never enough room');
}

/** One way of changing a row, in f64. x: the row at `hookOut`; seen: what the dictionary reads. */
type PlainChange = (x: Float64Array, seen: Float64Array) => Float64Array;

function changes(
  plain: PlainDictionary,
  dictionary: Dictionary,
  feature: number,
  mean: number,
): [Intervention<Dictionary>, PlainChange][] {
  const along =
    (weight: (a: number) => number): PlainChange =>
    (x, seen) => {
      const step = weight(plain.encode(seen)[feature]!) * plain.scale(seen);
      return x.map((value, c) => value + step * plain.direction(feature)[c]!);
    };
  const text = { kind: 'text' } as const;
  const sized = { dictionary, feature, strength: -0.5, unit: 3, scope: text };
  const target = { kind: 'latent', dictionary, feature } as const;
  return [
    [{ kind: 'add', ...sized }, along(() => -1.5)],
    [{ kind: 'clamp', ...sized }, along((a) => -1.5 - a)],
    [{ kind: 'scale', target, factor: 4, scope: text }, along((a) => 3 * a)],
    [{ kind: 'ablate', target, with: 'zero', scope: text }, along((a) => -a)],
    [{ kind: 'ablate', target, with: 'mean', scope: text }, along((a) => mean - a)],
    [
      { kind: 'splice', dictionary, error: false, scope: text },
      (_x, seen) => plain.decode(plain.encode(seen), seen),
    ],
    [{ kind: 'splice', dictionary, error: true, scope: text }, (x) => x],
  ];
}

/**
 * Each kind at one dictionary, against the same in f64 from the activations of a pass without.
 * @param others further interventions, which both passes have
 */
async function checkKinds(
  gpu: Gpu,
  name: (typeof TINY)[number],
  specOf: (model: Transformer) => PlainSpec,
  others: readonly Intervention<Dictionary>[] = [],
): Promise<void> {
  using model = (await tinyModel(gpu, name)).model;
  const plain = new PlainDictionary(specOf(model));
  using dictionary = await plain.upload(gpu);
  const { hook, hookOut, headIndex, dIn, dOut } = plain.record;
  const base = await run(model, others, [hook, hookOut]);
  const widths = base.slice(0, 2).map(({ length }) => length / IDS.length);
  const rowOf = (i: number, t: number, width: number): Float64Array => {
    const from = t * widths[i]! + (headIndex ?? 0) * width;
    return Float64Array.from(base[i]!.subarray(from, from + width));
  };
  const codes = Array.from(IDS, (_, t) => plain.encode(rowOf(0, t, dIn)));
  // Active on some of the prompt's rows, and not on others.
  const firing = codes[0]!.map((_, f) => codes.slice(1, 6).filter((row) => row[f]! > 0.05).length);
  const feature = firing.findIndex((rows) => rows >= 1 && rows <= 4);
  if (feature < 0) throw new Error('no feature tells the rows apart');
  const [asIs] = await run(model, [], [hook]);
  const meanOver = Array.from({ length: 5 }, (_, i) => {
    const from = (i + 1) * widths[0]! + (headIndex ?? 0) * dIn;
    return plain.encode(asIs!.subarray(from, from + dIn))[feature]!;
  });
  const mean = meanOver.reduce((sum, value) => sum + value, 0) / 5;
  for (const [intervention, change] of changes(plain, dictionary, feature, mean)) {
    const what = `${name}, ${intervention.kind}${'with' in intervention ? ` ${intervention.with}` : ''} at ${hookOut}`;
    const [, found] = await run(model, [intervention, ...others], [hook, hookOut]);
    const expected = Float64Array.from(base[1]!);
    for (let t = 1; t < IDS.length; t++) {
      const row = change(rowOf(1, t, dOut), rowOf(0, t, dIn));
      expected.set(row, t * widths[1]! + (headIndex ?? 0) * dOut);
    }
    expectClose(found!, expected, { relative: 2e-6 }, what);
    expectEqual(found!.subarray(0, widths[1]), base[1]!.subarray(0, widths[1]), `${what}: row 0`);
    if (headIndex === undefined) continue;
    const beside = (all: ArrayLike<number>): number[] =>
      Array.from(all).filter((_, i) => Math.floor((i % widths[1]!) / dOut) !== headIndex);
    expectEqual(beside(found!), beside(base[1]!), `${what}: other heads`);
  }
}

const residual = (model: Transformer): PlainSpec => ({
  hook: 'blocks.1.hook_resid_pre',
  dIn: model.config.dModel,
  dSae: 50,
  architecture: 'jumprelu',
});

/** Where a pass may resume for each intervention, by what it changes. */
async function checkResume(gpu: Gpu, name: (typeof TINY)[number]): Promise<void> {
  using model = (await tinyModel(gpu, name)).model;
  const last = model.config.nLayers - 1;
  const at = (hook: string): PlainSpec => ({ ...residual(model), hook });
  using first = await new PlainDictionary(at('blocks.0.hook_resid_pre')).upload(gpu);
  using end = await new PlainDictionary(at(`blocks.${last}.hook_resid_post`)).upload(gpu);
  using transcoder = await new PlainDictionary({
    ...at(`blocks.${last}.mlp.hook_in`),
    hookOut: `blocks.${last}.hook_mlp_out`,
  }).upload(gpu);
  using across = await new PlainDictionary({
    ...at('blocks.0.mlp.hook_in'),
    hookOut: `blocks.${last}.hook_mlp_out`,
  }).upload(gpu);
  const scope = { kind: 'text' } as const;
  const add = { kind: 'add', feature: 3, strength: 2, unit: 1, scope } as const;
  const hook = (of: string): Intervention<Dictionary> => ({
    kind: 'scale',
    target: { kind: 'hook', hook: of },
    factor: 2,
    scope,
  });
  const [ending, late]: Intervention<Dictionary>[] = [
    { ...add, dictionary: end },
    { kind: 'splice', dictionary: transcoder, error: false, scope },
  ] as const;
  const table: [Intervention<Dictionary>[], number, boolean][] = [
    [[], last + 1, false],
    [[{ ...add, dictionary: first }], 0, false],
    [[ending], last, false],
    [[late], last, false],
    [[late, { ...add, dictionary: first }], 0, false],
    [[{ kind: 'splice', dictionary: across, error: false, scope }], 0, false],
    [[{ ...add, dictionary: across }], last, false],
    [[{ ...add, dictionary: end, layers: [0, last] }], 0, false],
    [[{ kind: 'ablate', target: { kind: 'head', layer: last, head: 1 }, with: 'mean', scope }], last, false],
    [[{ kind: 'patch', target: { kind: 'hook', hook: `blocks.${last}.hook_mlp_out` }, text: '', align: 'start', scope }], last, false],
    [[hook(`blocks.${last}.attn.hook_in`)], last, false],
    [[hook('hook_embed')], 0, true],
    [[ending, hook('hook_embed')], 0, true],
  ]; // oxfmt-ignore
  using bases = new Bases(model);
  const residuals = model.gpu.batch('residuals');
  const pre = Array.from({ length: last + 1 }, (_, layer) => `blocks.${layer}.hook_resid_pre`);
  const { captures } = model.record(residuals, { ids: IDS, captures: pre });
  const kept = pre.map((name_) => residuals.keep(captures.get(name_)!));
  await residuals.submit();
  for (const [i, [interventions, layer, atEmbedding]] of table.entries()) {
    using steering = await prepareInterventions(preparation(model, bases), interventions, () => {});
    expectEqual(
      [steering.firstLayer, Number(steering.atEmbedding)],
      [layer, Number(atEmbedding)],
      `${name}: ${i}`,
    );
    const batch = model.gpu.batch('resumed');
    const plan = { ids: IDS, logits: 'all' } as const;
    const whole = model.record(batch, { ...plan, edits: steering.edits(ALL_ROWS).edits });
    const resume = atEmbedding || layer > last ? undefined : { layer, residual: kept[layer]! };
    const resumed = model.record(batch, { ...plan, edits: steering.edits(ALL_ROWS).edits, resume });
    const { arrays } = await batch.submit([whole.logits!, resumed.logits!]);
    expectEqual(arrays[1]!, arrays[0]!, `${name}: ${i}, resumed`);
    const [base] = await run(model, [], []);
    const moved = arrays[0]!.some((value, at_) => value !== base![at_]);
    expectEqual([Number(moved)], [Number(interventions.length > 0)], `${name}: ${i} changes something`);
  }
  for (const tensor of kept) tensor.dispose();
}

export const cases = gpuCases('steering, plainly', {
  'a thresholded dictionary of the residual stream, grouped queries': (gpu) =>
    checkKinds(gpu, 'llama', residual),
  'a dictionary that normalises and scales back': (gpu) =>
    checkKinds(gpu, 'gemma2', (model) => ({
      ...residual(model),
      normalization: 'layer_norm',
      architecture: 'standard',
      bias: -1,
    })),
  'a dictionary of one head': (gpu) =>
    checkKinds(gpu, 'llama', ({ config }) => ({
      hook: 'blocks.1.attn.hook_z', headIndex: 2, dIn: config.dHead, dSae: 40, architecture: 'topk', k: 6,
    })), // oxfmt-ignore
  'transcoders: codes of the input change the output': async (gpu) => {
    for (const name of ['llama', 'gemma2', 'gpt2'] as const)
      await checkKinds(gpu, name, ({ config }) => ({
        hook: 'blocks.0.mlp.hook_in', hookOut: 'blocks.0.hook_mlp_out', dIn: config.dModel, dSae: 60, architecture: 'jumprelu',
        skips: name !== 'gpt2',
      })); // oxfmt-ignore
  },
  'transcoders see what the MLP does, whatever the order of the list': (gpu) => {
    const hook = 'blocks.1.mlp.hook_in';
    const scaled: Intervention<Dictionary> = {
      kind: 'scale', target: { kind: 'hook', hook }, factor: -1.5, scope: { kind: 'text' },
    }; // oxfmt-ignore
    return checkKinds(
      gpu,
      'llama',
      (model) => ({ ...residual(model), hook, hookOut: 'blocks.1.hook_mlp_out', dSae: 60 }),
      [scaled],
    );
  },
  'more active features than there was room for': async (gpu) => {
    using model = (await tinyModel(gpu, 'llama')).model;
    const plain = new PlainDictionary({ ...residual(model), architecture: 'standard', dSae: 1_200, bias: 1 });
    using dictionary = await plain.upload(gpu);
    const room = dictionary.room;
    const [base] = await run(model, [], [dictionary.hook]);
    const [found] = await run(
      model,
      [{ kind: 'splice', dictionary, error: false, scope: { kind: 'all' } }],
      [dictionary.hook],
    );
    if (!(dictionary.room > room)) throw new Error(`room for ${room} was enough`);
    const { dIn } = dictionary;
    const expected = Array.from(IDS, (_, t) => {
      const row = base!.subarray(t * dIn, (t + 1) * dIn);
      return Array.from(plain.decode(plain.encode(row), row));
    });
    expectClose(found!, expected.flat(), { relative: 1e-5 });
  },
  'resumed at the first layer they touch, passes give the same': async (gpu) => {
    for (const name of ['gpt2', 'llama', 'gemma2'] as const) await checkResume(gpu, name);
  },
});
