import type { Dictionary } from '../../dictionary/dictionary.ts';
import { loadDictionary } from '../../dictionary/load.ts';
import type { Gpu } from '../../gpu/gpu.ts';
import { scaleColumns } from '../../gpu/kernels/scale_columns.ts';
import { hookWidth, parseHook } from '../../model/hooks.ts';
import randomConfig from '../../model/goldens/gpt2-random/config.json';
import randomGolden from '../../model/goldens/gpt2-random/golden.json';
import randomWeights from '../../model/goldens/gpt2-random/model.safetensors?url';
import { linear } from '../../model/linear.ts';
import { Transformer } from '../../model/transformer.ts';
import { FacetError } from '../../shared/errors.ts';
import { gpuCases } from '../../testing/cases.ts';
import { expectClose } from '../../testing/close.ts';
import {
  familyConfig,
  familyGolden,
  familyNames,
  familyTensors,
  openUrl,
} from '../../testing/family-goldens.ts';
import { TestRandom } from '../../testing/random.ts';
import { MemoryTensors } from '../../testing/tensors.ts';
import type { AttributionComponent, AttributionRecord } from './attribution-record.ts';
import { type AttributionAsked, attributeFeature } from './attribution.ts';
import type { HeadStep } from './attribution-path.ts';

const D_SAE = 40;
const direct = <Result>(work: () => Promise<Result>): Promise<Result> => work();

/** A tiny model with the ids of its golden. */
async function withModel(
  gpu: Gpu,
  name: string,
  check: (model: Transformer, ids: Uint32Array<ArrayBuffer>) => Promise<void>,
  largestTensorBytes?: number,
): Promise<void> {
  const own = name === 'gpt2-random';
  const tensors = await (own ? openUrl(name, randomWeights) : familyTensors(name));
  const config = own ? randomConfig : familyConfig(name);
  const ids = own ? randomGolden.ids[20] : (await familyGolden(name)).ids['24']!;
  using model = await Transformer.load(gpu, config, tensors, { largestTensorBytes });
  await check(model, Uint32Array.from(ids));
}

interface Made {
  dictionary: Dictionary;
  /** [d_in, d_sae] */
  wEnc: Float32Array;
}

/** A random dictionary, by default of everything above zero, at a hook of a model. */
async function madeFor(
  { gpu, config }: Transformer,
  hook: string,
  more: { config?: object; metadata?: object; dIn?: number } = {},
): Promise<Made> {
  const width = more.dIn ?? hookWidth(parseHook(hook, config), config)!;
  const random = new TestRandom(width + hook.length);
  const wEnc = random.normal(width * D_SAE, 1 / Math.sqrt(width));
  const weights = new MemoryTensors()
    .set('W_enc', wEnc, [width, D_SAE])
    .set('b_enc', random.normal(D_SAE, 0.2), [D_SAE])
    .set('W_dec', random.normal(D_SAE * width, 0.2), [D_SAE, width])
    .set('b_dec', random.normal(width, 0.3), [width])
    .set('threshold', new Float32Array(D_SAE).fill(1e-6), [D_SAE]);
  const metadata = { hook_name: hook, sae_lens_version: '6.54.12', ...more.metadata };
  const json = { d_in: width, d_sae: D_SAE, architecture: 'standard', ...more.config, metadata };
  return { dictionary: await loadDictionary(gpu, { id: hook, config: json, weights }), wEnc };
}

/** Whole activations of a run. */
async function captured(
  model: Transformer,
  ids: Uint32Array<ArrayBuffer>,
  hooks: readonly string[],
): Promise<Map<string, Float32Array>> {
  const batch = model.gpu.batch('captures');
  const { captures } = model.record(batch, { ids, captures: hooks });
  const { arrays } = await batch.submit(hooks.map((hook) => captures.get(hook)!));
  return new Map(hooks.map((hook, i) => [hook, arrays[i] as Float32Array]));
}

const total = (values: Iterable<number>): number => {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
};
const sumOf = (parts: readonly { value: number }[]): number => total(parts.map(({ value }) => value));

/** Largest errors of sums seen, relative to max(1, |value|). */
let worst = 0;

function expectSum(actual: number, expected: number, what: string): void {
  const error = Math.abs(actual - expected) / Math.max(1, Math.abs(expected));
  worst = Math.max(worst, error);
  if (!(error <= 1e-4)) throw new Error(`${what}: parts are ${actual}, the whole is ${expected}`);
}

/** Everything a record promises of itself. */
function checkRecord(record: AttributionRecord, what: string): void {
  const { value, heads, components, upstream = [], residue, feature } = record;
  const rest = sumOf(residue);
  if (residue.some((each) => each.what === 'rounding')) throw new Error(`${what}: does not add up`);
  if (heads) {
    const { byHead, bySource, matrix } = heads;
    expectSum(total(matrix) + rest, value, `${what} matrix`);
    expectSum(total(byHead) + rest, value, `${what} by head`);
    expectSum(total(bySource) + rest, value, `${what} by source`);
  } else expectSum(sumOf(components!) + rest, value, `${what} components`);
  for (const { value: own, bySource, what: name } of components ?? [])
    if (bySource) expectSum(total(bySource), own, `${what} ${name}`);
  for (const { features, others, error, bias, later, hook } of upstream)
    expectSum(sumOf(features) + others + error + bias + later + rest, value, `${what} by ${hook}`);
  if (!feature) return;
  expectSum(value + feature.constant, feature.preActivation, `${what} constant`);
  expectSum(Math.max(0, feature.preActivation), feature.activation, `${what} activation`);
}

/** Heads and rows worth following: the largest, and one at random. */
function stepsFrom(
  parts: readonly { layer: number; head: number; bySource: ArrayLike<number> }[],
  random: TestRandom,
): { step: HeadStep; value: number }[] {
  const all = parts.flatMap(({ layer, head, bySource }) =>
    Array.from(bySource, (value, source) => ({ step: { layer, head, source }, value })),
  );
  const live = all.filter(({ value }) => value !== 0).sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
  return live.length === 0 ? [] : [live[0]!, live[random.integer(live.length)]!];
}

/** Follows trails to the first layer, every level held against the one above it. */
async function checkTrails(
  model: Transformer,
  asked: Omit<Parameters<typeof attributeFeature>[1], 'steps'>,
  what: string,
): Promise<void> {
  const random = new TestRandom(3);
  const visit = async (steps: readonly HeadStep[], expected: number | undefined): Promise<void> => {
    const record = await attributeFeature(model, { ...asked, steps }, direct);
    const name = `${what} ${steps.map(({ layer, head, source }) => `${layer}.${head}@${source}`).join(' ')}`;
    checkRecord(record, name);
    if (expected !== undefined) expectSum(record.value, expected, `${name} in the level above`);
    const length = asked.ids.length;
    const parts = record.heads
      ? Array.from(record.heads.byHead, (_, head) => ({
          layer: record.layer,
          head,
          bySource: record.heads!.matrix.subarray(head * length, (head + 1) * length),
        }))
      : (record.components! as Required<AttributionComponent>[]).filter(({ kind }) => kind === 'head');
    for (const { step, value } of stepsFrom(parts, random)) await visit([...steps, step], value);
  };
  await visit([], undefined);
}

async function checkHeads(model: Transformer, ids: Uint32Array<ArrayBuffer>, what: string): Promise<void> {
  const { nLayers, nHeads, nKvHeads, dHead } = model.config;
  const layer = nLayers - 1;
  const [z, v, pattern] = ['hook_z', 'hook_v', 'hook_pattern'].map((hook) => `blocks.${layer}.attn.${hook}`);
  const made = await madeFor(model, z!);
  using dictionary = made.dictionary;
  const run = await captured(model, ids, [v!, pattern!, z!]);
  const length = ids.length;
  for (const [feature, row] of [
    [0, length - 1],
    [D_SAE - 1, 7],
  ] as const) {
    const asked = { dictionary, feature, row, ids, steps: [], upstream: [] };
    const { heads } = await attributeFeature(model, asked, direct);
    const column = (i: number): number => made.wEnc[i * D_SAE + feature]!;
    const matrix = new Float32Array(nHeads * length);
    const byHead = new Float32Array(nHeads);
    for (let head = 0; head < nHeads; head++) {
      const group = Math.floor((head * nKvHeads) / nHeads);
      for (let i = 0; i < dHead; i++) {
        const weight = column(head * dHead + i);
        byHead[head]! += run.get(z!)![(row * nHeads + head) * dHead + i]! * weight;
        for (let s = 0; s < length; s++)
          matrix[head * length + s]! +=
            run.get(pattern!)![(head * length + row) * length + s]! *
            run.get(v!)![(s * nKvHeads + group) * dHead + i]! *
            weight;
      }
    }
    expectClose(heads!.matrix, matrix, { relative: 1e-4 }, `${what} matrix`);
    expectClose(heads!.byHead, byHead, { relative: 1e-4 }, `${what} heads`);
    await checkTrails(model, { dictionary, feature, row, ids, upstream: [] }, what);
  }
}

/** A feature of the end of the stream: each component against the activation it is made of. */
async function checkComponents(
  model: Transformer,
  ids: Uint32Array<ArrayBuffer>,
  what: string,
): Promise<void> {
  const { nLayers, nHeads, dHead, dModel, sandwich, norm } = model.config;
  const made = await madeFor(model, `blocks.${nLayers - 1}.hook_resid_post`);
  using dictionary = made.dictionary;
  const [feature, row] = [5, ids.length - 2];
  const asked = { dictionary, feature, row, ids, steps: [], upstream: [] };
  const { components } = await attributeFeature(model, asked, direct);
  const w = Float32Array.from({ length: dModel }, (_, i) => made.wEnc[i * D_SAE + feature]!);
  const times = (x: ArrayLike<number>, from = 0): number =>
    total(w.map((weight, i) => weight * x[from + i]!));
  const find = (kind: string, layer?: number, head?: number): AttributionComponent[] =>
    components!.filter(
      (each) => each.kind === kind && each.layer === layer && (head === undefined || each.head === head),
    );
  const layers = Array.from({ length: nLayers }, (_, layer) => layer);
  const hooks = [
    'hook_embed',
    ...layers.flatMap((layer) => [
      `blocks.${layer}.hook_mlp_out`,
      `blocks.${layer}.hook_attn_out`,
      `blocks.${layer}.attn.hook_z`,
      ...(sandwich ? [`blocks.${layer}.ln1_post.hook_scale`] : []),
    ]),
  ];
  const run = await captured(model, ids, hooks);
  const expectComponent = (found: AttributionComponent[], expected: number, name: string): void =>
    expectClose([sumOf(found)], [expected], { absolute: 2e-5 }, `${what} ${name}`);
  expectComponent(find('embed'), times(run.get('hook_embed')!, row * dModel), 'embedding');
  for (const layer of layers) {
    const at = (hook: string): Float32Array => run.get(`blocks.${layer}.${hook}`)!;
    expectComponent(find('mlp', layer), times(at('hook_mlp_out'), row * dModel), `MLP ${layer}`);
    const attention = [...find('head', layer), ...find('bias', layer)];
    expectComponent(attention, times(at('hook_attn_out'), row * dModel), `attention ${layer}`);
    for (let head = 0; head < nHeads; head++) {
      const width = nHeads * dHead;
      const own = new Float32Array(width);
      const from = row * width + head * dHead;
      own.set(at('attn.hook_z').subarray(from, from + dHead), head * dHead);
      const batch = model.gpu.batch('head');
      let out = linear(batch, model.weights, `blocks.${layer}.attn.W_O`, {
        x: batch.input(own, [1, width]),
        bias: false,
      });
      if (sandwich) {
        const gain = model.weights.get(`blocks.${layer}.ln1_post.w`);
        out = scaleColumns(batch, { x: out, gain, centre: norm === 'LN' });
      }
      const { arrays } = await batch.submit([out]);
      const scale = sandwich ? at('ln1_post.hook_scale')[row]! : 1;
      expectComponent(find('head', layer, head), times(arrays[0]!) / scale, `head ${layer}.${head}`);
    }
  }
}

async function checkUpstream(model: Transformer, ids: Uint32Array<ArrayBuffer>, what: string): Promise<void> {
  const { nLayers, parallel, dHead } = model.config;
  const last = nLayers - 1;
  const hooks = [
    `blocks.0.hook_resid_pre`,
    ...(parallel ? [] : ['blocks.0.hook_resid_mid']),
    `blocks.${last - 1}.hook_resid_post`,
    `blocks.${last}.hook_resid_pre`,
    'blocks.0.attn.hook_z',
    'blocks.0.hook_attn_out',
    'blocks.0.hook_mlp_out',
  ];
  const found: Dictionary[] = [];
  try {
    for (const hook of hooks) found.push((await madeFor(model, hook)).dictionary);
    for (const kind of ['layer_norm', 'constant_norm_rescale'])
      found.push(
        (await madeFor(model, `blocks.${last}.hook_resid_pre`, { config: { normalize_activations: kind } }))
          .dictionary,
      );
    const one = { dIn: dHead, metadata: { hook_head_index: 1 } };
    found.push((await madeFor(model, 'blocks.0.attn.hook_z', one)).dictionary);
    const later = (await madeFor(model, `blocks.${last}.hook_resid_post`)).dictionary;
    found.push(later);
    using start = (await madeFor(model, `blocks.${last}.attn.hook_z`)).dictionary;
    const asked = { dictionary: start, feature: 3, row: 11, ids, upstream: found };
    const steps = [{ layer: last, head: 1, source: 9 }];
    const record = await attributeFeature(model, { ...asked, steps }, direct);
    checkRecord(record, `${what} upstream`);
    if (record.upstream?.length !== found.length - 1)
      throw new Error('a dictionary of what comes later is used');
    for (const { hook, features, later: since, error, bias } of record.upstream) {
      if (features.length < 4) throw new Error(`${what}: only ${features.length} features at ${hook}`);
      const atOnce =
        hook === `blocks.${last}.hook_resid_pre` || hook === `blocks.${last - 1}.hook_resid_post`;
      if (atOnce) expectClose([since], [0], { absolute: 1e-5 }, `${what}: later than ${hook}`);
      if (error === 0 || bias === 0) throw new Error(`${what}: ${hook} leaves nothing unsaid`);
    }
  } finally {
    for (const each of found) each.dispose();
  }
}

/** Whatever a feature reads of the stream or of z, and however its dictionary normalises it, it adds up. */
async function checkInputs(model: Transformer, ids: Uint32Array<ArrayBuffer>, what: string): Promise<void> {
  const { nLayers, parallel, dHead } = model.config;
  const at = `blocks.${nLayers - 1}`;
  const z = `${at}.attn.hook_z`;
  const centred = { metadata: { model_from_pretrained_kwargs: { center_writing_weights: true } } };
  const hooks: [string, Parameters<typeof madeFor>[2]?][] = [
    [`${at}.hook_resid_pre`],
    ...(parallel ? [] : [[`${at}.hook_resid_mid`] as [string]]),
    [`${at}.hook_resid_post`],
    [`${at}.hook_mlp_in`],
    [`${at}.ln1.hook_normalized`],
    [`${at}.attn.hook_in`],
    [`${at}.ln2.hook_normalized`],
    [`${at}.mlp.hook_in`],
    ['blocks.0.hook_resid_pre'],
    ['blocks.0.attn.hook_z'],
    [z, { config: { normalize_activations: 'layer_norm' } }],
    [z, { config: { architecture: 'jumprelu', normalize_activations: 'constant_norm_rescale' } }],
    [z, { config: { apply_b_dec_to_input: false } }],
    [z, { dIn: dHead, metadata: { hook_head_index: 1 } }],
    [`${at}.hook_resid_pre`, centred],
  ];
  for (const [hook, more] of hooks) {
    using dictionary = (await madeFor(model, hook, more)).dictionary;
    const asked = { dictionary, feature: 7, row: 10, ids, upstream: [] };
    await checkTrails(model, asked, `${what} ${hook} ${JSON.stringify(more ?? {})}`);
  }
}

async function refusal(call: Promise<unknown>, code: string, word: string): Promise<void> {
  const thrown = await call.then(
    () => 'nothing',
    (caught: unknown) => caught,
  );
  if (!(thrown instanceof FacetError) || thrown.code !== code || !thrown.message.includes(word))
    throw new Error(`expected ${code} about ${word}, got ${String(thrown)}`);
}

const names = ['gpt2-random', ...familyNames];
const each = (
  what: string,
  check: (model: Transformer, ids: Uint32Array<ArrayBuffer>, what: string) => Promise<void>,
): [string, (gpu: Gpu) => Promise<void>][] =>
  names.map((name) => [
    `${name}: ${what}`,
    (gpu: Gpu) => withModel(gpu, name, (model, ids) => check(model, ids, name)),
  ]);

export const cases = gpuCases('attribution', {
  ...Object.fromEntries([
    ...each('heads and rows of a feature on z, and trails to the first layer', checkHeads),
    ...each('components of the stream against the activations they are', checkComponents),
    ...each('upstream dictionaries add up', checkUpstream),
  ]),
  ...Object.fromEntries(
    ['gpt2-random', 'gpt_neox', 'gemma2'].map((name) => [
      `${name}: inputs of every kind`,
      (gpu: Gpu) => withModel(gpu, name, (model, ids) => checkInputs(model, ids, name)),
    ]),
  ),
  'matrices in many parts, as on an adapter with small bindings': (gpu) =>
    withModel(
      gpu,
      'llama',
      async (model, ids) => {
        if (model.weights.matrix('blocks.1.attn.W_O').parts.length < 2) throw new Error('is in one part');
        await checkHeads(model, ids, 'parts');
        await checkComponents(model, ids, 'parts');
      },
      1000,
    ),
  'what is not there is refused, and everything is given back': (gpu) =>
    withModel(gpu, 'llama', async (model, ids) => {
      using dictionary = (await madeFor(model, 'blocks.1.attn.hook_z')).dictionary;
      using other = (await madeFor(model, 'blocks.1.mlp.hook_post')).dictionary;
      const asked = { dictionary, feature: 1, row: 5, ids, steps: [], upstream: [] };
      const step = { layer: 1, head: 0, source: 3 };
      const below = { layer: 0, head: 0, source: 3 };
      await attributeFeature(model, asked, direct);
      const before = gpu.allocatedBytes;
      const refused = (change: Partial<AttributionAsked>, code: string, word: string) =>
        refusal(attributeFeature(model, { ...asked, ...change }, direct), code, word);
      await refused({ row: ids.length }, 'bad-input', `row ${ids.length}`);
      await refused({ row: 1.5 }, 'bad-input', 'row 1.5');
      await refused({ feature: D_SAE }, 'bad-input', `feature ${D_SAE}`);
      await refused({ dictionary: other }, 'unsupported', 'mlp.hook_post');
      await refused({ steps: [below] }, 'bad-input', 'Step 1');
      await refused({ steps: [step, step] }, 'bad-input', 'Step 2');
      await refused({ steps: [step, { ...below, source: 4 }] }, 'bad-input', 'Step 2');
      await refused({ steps: [{ ...step, head: 4 }] }, 'bad-input', 'head 1.4');
      await refused({ steps: [step, below, below] }, 'bad-input', 'Step 3');
      if (gpu.allocatedBytes > before) throw new Error('buffers are left behind');
    }),
});
