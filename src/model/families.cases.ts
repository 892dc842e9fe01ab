import type { Gpu } from '../gpu/gpu.ts';
import type { TensorReader } from '../shared/tensor-file.ts';
import { gpuCases } from '../testing/cases.ts';
import { scaleColumns } from '../gpu/kernels/scale_columns.ts';
import { difference, expectClose } from '../testing/close.ts';
import {
  familyConfig,
  type FamilyGolden,
  familyGolden,
  familyNames,
  familyTensors,
} from '../testing/family-goldens.ts';
import { goldenValues } from '../testing/golden.ts';
import { meanKl } from '../testing/kl.ts';
import { allHooks } from './hooks.ts';
import type { Edit } from './run-plan.ts';
import { Transformer } from './transformer.ts';
import type { LoadWeightsOptions } from './weights.ts';

async function logitsOf(model: Transformer, ids: readonly number[]): Promise<Float32Array> {
  const batch = model.gpu.batch('golden');
  const { logits } = model.record(batch, { ids: Uint32Array.from(ids), logits: 'all' });
  return (await batch.submit([logits!])).arrays[0] as Float32Array;
}

async function checkLogits(model: Transformer, golden: FamilyGolden, what: string): Promise<void> {
  for (const [length, ids] of Object.entries(golden.ids)) {
    const ours = await logitsOf(model, ids);
    const expected = goldenValues(golden.logits[length]!);
    expectClose(ours, expected, { absolute: 1e-3 }, `${what}: logits of ${length} tokens`);
    const kl = meanKl(expected, ours, model.config.dVocab);
    if (!(kl < 1e-5)) throw new Error(`${what}: mean KL ${kl}`);
  }
}

async function checkHooks(model: Transformer, golden: FamilyGolden, what: string): Promise<void> {
  // In forward order, so that the first failure names the stage.
  const hooks = allHooks(model.config).filter((hook) => golden.hooks[hook]);
  if (hooks.length !== Object.keys(golden.hooks).length) throw new Error(`${what}: hooks the runtime lacks`);
  const batch = model.gpu.batch('golden');
  const ids = Uint32Array.from(golden.ids['11']!);
  const { captures } = model.record(batch, { ids, captures: hooks, logits: 'none' });
  const { arrays } = await batch.submit(hooks.map((hook) => captures.get(hook)!));
  // The lowest number stands for minus infinity on both sides and would swamp the scale.
  const finite = (values: ArrayLike<number>) =>
    Float32Array.from(values, (value) => (value < -1e30 ? -1e4 : value));
  hooks.forEach((hook, i) => {
    const expected = finite(goldenValues(golden.hooks[hook]!));
    const tolerance = hook.endsWith('attn_scores') ? { absolute: 1e-3 } : { relative: 1e-3 };
    expectClose(finite(arrays[i]!), expected, tolerance, `${what}: ${hook}`);
  });
}

interface Change {
  config?: Record<string, unknown>;
  reader?: (reader: TensorReader) => TensorReader;
  options?: Partial<LoadWeightsOptions>;
}

async function load(gpu: Gpu, name: string, change: Change = {}): Promise<Transformer> {
  const reader = await familyTensors(name);
  const config = { ...familyConfig(name), ...change.config };
  return Transformer.load(gpu, config, change.reader?.(reader) ?? reader, change.options);
}

/** The same tensors under other names. */
function renamed(reader: TensorReader, rename: (name: string) => string): TensorReader {
  const original = new Map(reader.names().map((name) => [rename(name), name]));
  return {
    names: () => [...original.keys()],
    info: (name) => reader.info(original.get(name) ?? ''),
    read: (name, from, to) => reader.read(original.get(name)!, from, to),
  };
}

async function check(gpu: Gpu, name: string, change: Change = {}): Promise<void> {
  using model = await load(gpu, name, change);
  const golden = await familyGolden(name);
  await checkLogits(model, golden, name);
  await checkHooks(model, golden, name);
}

/** Fields without which a golden would not notice that a variant is missing. */
const VARIANTS: readonly (readonly [string, Record<string, unknown>])[] = [
  ['gpt_neo', { window_size: 40 }],
  ['gpt_neo', { attention_layers: ['local', 'global'] }],
  ['gpt_neox', { use_parallel_residual: false }],
  ['gpt_neox', { rope_parameters: { rope_theta: 300, partial_rotary_factor: 0.5 } }],
  ['gpt_neox', { rope_parameters: { rope_theta: 310, partial_rotary_factor: 0.4 } }],
  ['llama', { rope_parameters: { rope_theta: 500 } }],
  ['llama-biases', { hidden_act: 'silu' }],
  ['llama-biases', { rope_parameters: { rope_theta: 10_000 } }],
  ['qwen2', { use_sliding_window: false, layer_types: null }],
  ['qwen2', { rms_norm_eps: 0.01 }],
  ['gemma2', { attn_logit_softcapping: null }],
  ['gemma2', { final_logit_softcapping: null }],
  ['gemma2', { query_pre_attn_scalar: 12 }],
  ['gemma2', { sliding_window: 6 }],
  ['gemma3', { layer_types: ['full_attention', 'sliding_attention', 'full_attention'] }],
  [
    'gemma3',
    { rope_parameters: { full_attention: { rope_theta: 5000 }, sliding_attention: { rope_theta: 100 } } },
  ],
];

export const cases = gpuCases('families', {
  ...Object.fromEntries(
    familyNames.map((name) => [
      `${name}: logits of transformers, hooks of transformer-lens`,
      (gpu: Gpu) => check(gpu, name),
    ]),
  ),
  'each variant of the goldens changes the numbers': async (gpu) => {
    for (const [name, config] of VARIANTS) {
      using model = await load(gpu, name, { config });
      const golden = await familyGolden(name);
      const { maxAbsolute } = difference(
        await logitsOf(model, golden.ids['24']!),
        goldenValues(golden.logits['24']!),
      );
      if (maxAbsolute < 5e-3) throw new Error(`${name} is the same with ${JSON.stringify(config)}`);
    }
  },
  'matrices in many parts, as on an adapter with small bindings': async (gpu) => {
    for (const name of ['llama', 'gpt_neox', 'qwen3', 'gemma2', 'gpt_neo']) {
      const whole = name === 'gpt_neo' ? 40 * 24 * 4 : 1000; // the table of positions is not cut
      await check(gpu, name, { options: { largestTensorBytes: whole } });
    }
  },
  'Gemma 3 out of a model with images: fields in text_config, tensors with prefixes': async (gpu) => {
    const text = familyConfig('gemma3');
    const config = { model_type: 'gemma3', text_config: text };
    for (const prefix of ['language_model.', 'model.language_model.']) {
      const rename = (name: string): string =>
        prefix + name.replace(/^model\./, prefix === 'language_model.' ? 'model.' : '');
      await check(gpu, 'gemma3', { config, reader: (reader) => renamed(reader, rename) });
    }
  },
  'widened and rounded weights': async (gpu) => {
    await check(gpu, 'gemma2', { options: { storage: 'f32' } });
    // These weights are halves already, so that rounding changes nothing.
    await check(gpu, 'qwen3', { options: { storage: 'f16' } });
    using rounded = await load(gpu, 'llama', { options: { storage: 'f16' } });
    const golden = await familyGolden('llama');
    const { maxAbsolute } = difference(
      await logitsOf(rounded, golden.ids['24']!),
      goldenValues(golden.logits['24']!),
    );
    if (maxAbsolute === 0 || maxAbsolute > 0.02)
      throw new Error(`rounding to f16 changed logits by ${maxAbsolute}`);
  },
  'captures change nothing: fused and unfused passes agree': async (gpu) => {
    for (const name of familyNames) {
      using model = await load(gpu, name);
      const { ids } = await familyGolden(name);
      const batch = gpu.batch('golden');
      const plan = { ids: Uint32Array.from(ids['24']!), logits: 'all' } as const;
      const plain = model.record(batch, plan);
      const captured = model.record(batch, { ...plan, captures: allHooks(model.config) });
      const { arrays } = await batch.submit([plain.logits!, captured.logits!]);
      expectClose(arrays[1]!, arrays[0]!, { absolute: 1e-5 }, name);
    }
  },
  'resumed at a layer, and the last rows unembedded apart': async (gpu) => {
    for (const name of ['gpt_neox', 'gemma2', 'llama']) {
      using model = await load(gpu, name);
      const { ids: all } = await familyGolden(name);
      const ids = Uint32Array.from(all['24']!);
      const batch = gpu.batch('golden');
      const hooks = ['blocks.1.hook_resid_pre', 'blocks.1.hook_resid_post'];
      const { captures, logits } = model.record(batch, { ids, captures: hooks, logits: 'all' });
      const resume = { layer: 1, residual: captures.get(hooks[0]!)! };
      const resumed = model.record(batch, { ids, logits: 'all', resume });
      const last = model.unembed(batch, captures.get(hooks[1]!)!, 21, 3);
      const { arrays } = await batch.submit([logits!, resumed.logits!, last]);
      expectClose(arrays[1]!, arrays[0]!, { absolute: 1e-5 }, `${name} resumed`);
      expectClose(arrays[2]!, arrays[0]!.slice(21 * 61), { absolute: 1e-5 }, `${name} unembedded`);
    }
  },
  'every activation that may be replaced reaches the logits': async (gpu) => {
    for (const name of ['gpt_neo', 'gpt_neox', 'qwen3', 'gemma3']) {
      using model = await load(gpu, name);
      const { ids: all } = await familyGolden(name);
      const ids = Uint32Array.from(all['11']!);
      const plain = await logitsOf(model, all['11']!);
      const hooks = allHooks(model.config).filter(
        (hook) => !/hook_(scale|normalized|attn_scores|pattern|pos_embed|(rot_)?[qkv])$/.test(hook),
      );
      for (const hook of hooks) {
        const run = async (factor: number): Promise<Float32Array> => {
          const batch = gpu.batch('edit');
          const edit: Edit = (into, x) => {
            const gain = into.input(new Float32Array(x.shape[1]!).fill(factor), [x.shape[1]!]);
            return scaleColumns(into, { x, gain, centre: false });
          };
          const { logits } = model.record(batch, { ids, logits: 'all', edits: new Map([[hook, edit]]) });
          return (await batch.submit([logits!])).arrays[0] as Float32Array;
        };
        expectClose(await run(1), plain, { absolute: 1e-5 }, `${name}: ${hook} as it is`);
        // A final norm does not see a change of scale alone, so the last residual is set to nothing instead.
        if (difference(await run(0), plain).maxAbsolute < 1e-3)
          throw new Error(`${name}: an edit of ${hook} is lost`);
      }
    }
  },
});
