import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FacetError } from '../../shared/errors.ts';
import { describeModel } from '../describe.ts';
import { allHooks, hookShape, parseHook } from '../hooks.ts';
import { families, familyOf } from './index.ts';

const folders = import.meta.glob<Record<string, unknown>>('../goldens/families/*/config.json', {
  eager: true,
  import: 'default',
});
const older = import.meta.glob<Record<string, unknown>>('../goldens/families/*/config-v4.json', {
  eager: true,
  import: 'default',
});
const goldens = import.meta.glob<{ hooks: Record<string, { shape: number[] }> }>(
  '../goldens/families/*/golden.json',
  {
    eager: true,
    import: 'default',
  },
);
const configs = Object.fromEntries(
  Object.entries(folders).map(([path, config]) => [path.split('/').at(-2)!, config]),
);
const names = Object.keys(configs);
const beside = <Value>(map: Record<string, Value>, name: string): Value =>
  Object.entries(map).find(([path]) => path.split('/').at(-2) === name)![1];

function refusal(config: unknown): { code: string; message: string } {
  try {
    describeModel(config);
  } catch (thrown) {
    if (thrown instanceof FacetError) return { code: thrown.code, message: thrown.message };
    throw thrown;
  }
  return { code: 'accepted', message: '' };
}

describe.each(names)('%s', (name) => {
  const description = describeModel(configs[name]);

  test('reads the same from files of transformers 4 and 5', () => {
    const old = describeModel(beside(older, name));
    expect({ ...old.config, layers: null }).toEqual({ ...description.config, layers: null });
    expect(old.config.layers).toEqual(description.config.layers);
    expect(old.dtype).toBe(description.dtype);
  });

  test('has the hooks of transformer-lens, in their shapes', () => {
    const { config } = description;
    for (const [hook, { shape }] of Object.entries(beside(goldens, name).hooks))
      expect([hook, hookShape(parseHook(hook, config), config, 11)]).toEqual([hook, shape]);
  });

  test('names every tensor once, with rows that add up', () => {
    const { specs } = description;
    expect(new Set(specs.map((spec) => spec.name)).size).toBe(specs.length);
    for (const { sources, shape } of specs) {
      expect(sources.reduce((sum, source) => sum + source.shape[0]!, 0)).toBe(shape[0]);
      expect(sources.every((source) => source.shape[1] === shape[1])).toBe(true);
    }
  });
});

test('hooks follow the architecture', () => {
  const has = (name: string, hook: string) => allHooks(describeModel(configs[name]).config).includes(hook);
  expect(has('gpt_neox', 'blocks.0.hook_resid_mid')).toBe(false);
  expect(has('gpt_neox-sequential', 'blocks.0.hook_resid_mid')).toBe(true);
  expect(has('gpt_neo', 'hook_pos_embed')).toBe(true);
  expect(has('llama', 'hook_pos_embed')).toBe(false);
  expect(has('gpt_neo', 'blocks.0.attn.hook_rot_q')).toBe(false);
  expect(has('gemma2', 'blocks.1.ln2_post.hook_scale')).toBe(true);
  expect(has('qwen3', 'blocks.1.attn.k_norm.hook_normalized')).toBe(true);
  expect(() => parseHook('blocks.2.hook_resid_pre', describeModel(configs.llama).config)).toThrow('no hook');
  const widths = Object.fromEntries(
    describeModel(configs.qwen3).hooks.map(({ name, width }) => [name, width]),
  );
  expect(widths['blocks.0.attn.hook_z']).toBe(48);
  expect(widths['blocks.0.attn.k_norm.hook_normalized']).toBe(24);
  expect(widths['blocks.0.attn.hook_pattern']).toBeUndefined();
});

test.each([
  ['gpt_neo', { attention_layers: ['global', 'strided'] }, 'unsupported', 'strided'],
  ['gpt_neo', { attention_layers: ['global'] }, 'bad-file', '1 layer types for 2'],
  ['gpt_neox', { rotary_pct: 0.4, rope_parameters: null, hidden_act: 'mish' }, 'unsupported', 'mish'],
  ['gpt_neox', { rope_parameters: { rope_theta: 10, partial_rotary_factor: 0.3 } }, 'unsupported', '3 of 12'],
  ['llama', { rope_parameters: { rope_type: 'yarn', rope_theta: 1e4, factor: 2 } }, 'unsupported', 'yarn'],
  ['llama', { rope_scaling: { type: 'dynamic', factor: 2 } }, 'unsupported', 'dynamic'],
  [
    'llama',
    { rope_parameters: { rope_type: 'llama3', rope_theta: 1e4, factor: 2 } },
    'bad-file',
    'low_freq_factor',
  ],
  ['llama', { rope_parameters: { rope_type: 'linear', rope_theta: 1e4 } }, 'bad-file', 'without a factor'],
  ['llama', { partial_rotary_factor: 0.25 }, 'unsupported', '3 of 12'],
  ['llama', { num_key_value_heads: 3 }, 'unsupported', 'share'],
  ['llama', { head_dim: 10 }, 'unsupported', 'dHead'],
  ['llama', { head_dim: 512 }, 'unsupported', 'dHead'],
  ['llama', { hidden_size: 26, head_dim: 8 }, 'unsupported', 'dModel'],
  ['llama', { num_hidden_layers: 1e9 }, 'bad-file', 'num_hidden_layers'],
  ['llama', { vocab_size: 2 ** 40 }, 'unsupported', 'dVocab'],
  ['llama', { quantization_config: { bits: 4 } }, 'unsupported', 'Quantised'],
  ['llama', { rms_norm_eps: 'small' }, 'bad-file', 'rms_norm_eps'],
  ['qwen2', { use_mrope: true }, 'unsupported', 'use_mrope'],
  ['qwen2', { use_sliding_window: false }, 'bad-file', 'sliding window'],
  ['qwen3', { layer_types: ['full_attention', 'linear_attention'] }, 'unsupported', 'linear_attention'],
  ['gemma2', { use_bidirectional_attention: true }, 'unsupported', 'use_bidirectional_attention'],
  ['gemma3', { rope_parameters: { rope_theta: 10, rope_type: 'default' } }, 'bad-file', 'rope_parameters'],
  ['gemma3', { num_hidden_layers: 4 }, 'bad-file', '3 layer types for 4'],
] as const)('%s with %j is refused: %s, %s', (name, change, code, words) => {
  const refused = refusal({ ...configs[name], ...change });
  expect(refused).toMatchObject({ code, message: expect.stringContaining(words) as string });
});

test('types that are not implemented are refused by name, listing those that are', () => {
  expect(refusal({ model_type: 'mixtral' })).toMatchObject({ code: 'unsupported' });
  expect(() => familyOf({ model_type: 'qwen2_moe' })).toThrow('qwen2_moe');
  expect(() => familyOf({})).toThrow('model_type');
  expect(() => familyOf(null)).toThrow('model_type');
});

test('published models read as they are', () => {
  const gemma3 = describeModel({
    model_type: 'gemma3_text', hidden_size: 640, num_hidden_layers: 18, num_attention_heads: 4, num_key_value_heads: 1,
    head_dim: 256, intermediate_size: 2048, vocab_size: 262_144, sliding_window: 512, rope_theta: 1e6,
    rope_local_base_freq: 1e4, query_pre_attn_scalar: 256, rms_norm_eps: 1e-6, max_position_embeddings: 32_768,
    _sliding_window_pattern: 6, torch_dtype: 'bfloat16', eos_token_id: [1, 106],
  }); // oxfmt-ignore
  expect(gemma3.parameters).toBe(268_098_176);
  expect(gemma3.dtype).toBe('BF16');
  expect(gemma3.config.layers.flatMap(({ window }, l) => (window === 0 ? [l] : []))).toEqual([5, 11, 17]);
  expect(gemma3.config.layers[0]!.rope).toEqual({ dims: 256, theta: 1e4 });
  expect(gemma3.config.layers[5]!.rope).toEqual({ dims: 256, theta: 1e6 });
  const smolLm2 = describeModel({
    model_type: 'llama', hidden_size: 576, num_hidden_layers: 30, num_attention_heads: 9, num_key_value_heads: 3,
    intermediate_size: 1536, vocab_size: 49_152, rope_theta: 1e5, rope_scaling: null, rms_norm_eps: 1e-5,
    max_position_embeddings: 8192, tie_word_embeddings: true, rope_interleaved: false, torch_dtype: 'bfloat16',
  }); // oxfmt-ignore
  expect(smolLm2.parameters).toBe(134_515_008);
  expect(smolLm2.config).toMatchObject({ dHead: 64, tied: true, normEps: 1e-5 });
  const pythia = describeModel({
    model_type: 'gpt_neox', hidden_size: 512, num_hidden_layers: 6, num_attention_heads: 8, intermediate_size: 2048,
    vocab_size: 50_304, rotary_pct: 0.25, rotary_emb_base: 10_000, use_parallel_residual: true, hidden_act: 'gelu',
    layer_norm_eps: 1e-5, max_position_embeddings: 2048, tie_word_embeddings: false, torch_dtype: 'float16',
  }); // oxfmt-ignore
  expect(pythia.parameters).toBe(70_426_624);
  expect(pythia.config.layers[0]!.rope).toEqual({ dims: 16, theta: 10_000 });
  const tinyStories = describeModel({
    model_type: 'gpt_neo', hidden_size: 64, num_layers: 8, num_heads: 16, intermediate_size: null, vocab_size: 50_257,
    attention_types: [[['global', 'local'], 4]], window_size: 256, max_position_embeddings: 2048,
  }); // oxfmt-ignore
  expect(tinyStories.config).toMatchObject({ dHead: 4, dMlp: 256, attentionScale: 1, dVocab: 50_257 });
  expect(tinyStories.config.layers.map(({ window }) => window)).toEqual([0, 256, 0, 256, 0, 256, 0, 256]);
});

test('whatever stands in a field, a configuration is read or refused', () => {
  const fields = Object.entries(configs).flatMap(([name, config]) =>
    Object.keys(config).map((key) => [name, key]),
  );
  fc.assert(
    fc.property(fc.constantFrom(...fields), fc.jsonValue({ maxDepth: 3 }), ([name, key], value) => {
      const { code } = refusal({ ...configs[name!], [key!]: value });
      expect(['accepted', 'bad-file', 'unsupported']).toContain(code);
    }),
    { numRuns: 400 },
  );
});

test('every family has a name of its own', () => {
  const ids = families.flatMap((family) => family.ids);
  expect(new Set(ids).size).toBe(ids.length);
});
