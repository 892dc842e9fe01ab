import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FacetError } from '../../shared/errors.ts';
import { parseSaeLensConfig } from './sae-lens-config.ts';

/** As SAELens 6.54 writes it. */
const version6 = {
  d_in: 192,
  d_sae: 2048,
  dtype: 'float32',
  device: 'cpu',
  apply_b_dec_to_input: true,
  normalize_activations: 'none',
  reshape_activations: 'none',
  metadata: {
    sae_lens_version: '6.54.12',
    sae_lens_training_version: '6.54.12',
    model_name: 'storyworld',
    hook_name: 'blocks.2.hook_resid_pre',
    hook_head_index: null,
    prepend_bos: true,
    context_size: 128,
    dataset_path: 'storyworld',
    model_from_pretrained_kwargs: {},
  },
  k: 24,
  rescale_acts_by_decoder_norm: true,
  architecture: 'topk',
};

/** As SAELens 4 and 5 wrote it. */
const version5 = {
  architecture: 'standard',
  d_in: 768,
  d_sae: 32768,
  dtype: 'torch.float32',
  model_name: 'gpt2-small',
  hook_name: 'blocks.8.hook_resid_post',
  hook_layer: 8,
  hook_head_index: null,
  activation_fn_str: 'topk',
  activation_fn_kwargs: { k: 32 },
  apply_b_dec_to_input: true,
  finetuning_scaling_factor: false,
  prepend_bos: false,
  dataset_path: 'Skylion007/openwebtext',
  context_size: 64,
  normalize_activations: 'none',
  neuronpedia_id: null,
  sae_lens_training_version: null,
};

function thrown(json: unknown): FacetError {
  try {
    parseSaeLensConfig(json);
  } catch (error) {
    if (error instanceof FacetError) return error;
    throw error;
  }
  throw new Error('accepted');
}

describe('cfg.json of SAELens', () => {
  test('version 6', () => {
    expect(parseSaeLensConfig(version6)).toEqual({
      architecture: 'topk',
      transcodes: false,
      skips: false,
      dIn: 192,
      dOut: 192,
      dSae: 2048,
      k: 24,
      hook: 'blocks.2.hook_resid_pre',
      hookOut: 'blocks.2.hook_resid_pre',
      headIndex: undefined,
      applyDecoderBiasToInput: true,
      rescaleByDecoderNorm: true,
      normalization: 'none',
      inputScale: undefined,
      finetuningScaling: false,
      centre: false,
      modelName: 'storyworld',
      datasetPath: 'storyworld',
      contextSize: 128,
      prependBos: true,
      version: '6.54.12',
      notes: [],
    });
  });

  test('version 5: a standard architecture with a topk activation is topk', () => {
    const config = parseSaeLensConfig(version5);
    expect(config).toMatchObject({
      architecture: 'topk',
      k: 32,
      hook: 'blocks.8.hook_resid_post',
      prependBos: false,
    });
    expect(config.rescaleByDecoderNorm).toBe(false);
  });

  test('version 3: older names and defaults', () => {
    const config = parseSaeLensConfig({
      d_in: 64,
      d_sae: 512,
      hook_point: 'blocks.1.hook_mlp_out',
      hook_point_layer: 1,
      hook_point_head_index: null,
      activation_fn: 'topk',
      activation_fn_kwargs: { k: 8 },
      normalize_activations: false,
    });
    expect(config).toMatchObject({
      architecture: 'topk',
      hook: 'blocks.1.hook_mlp_out',
      applyDecoderBiasToInput: true,
      prependBos: true,
    });
  });

  test('defaults of version 6 where the file is silent', () => {
    const config = parseSaeLensConfig({
      d_in: 8,
      d_sae: 16,
      k: 2,
      architecture: 'topk',
      metadata: { hook_name: 'hook_embed', sae_lens_version: '6.0.0-rc.1' },
    });
    expect(config).toMatchObject({
      applyDecoderBiasToInput: true,
      rescaleByDecoderNorm: false,
      prependBos: undefined,
    });
  });

  test('transcoders', () => {
    const metadata = { ...version6.metadata, hook_name_out: 'blocks.2.hook_mlp_out' };
    const config = { ...version6, k: undefined, d_out: 64, apply_b_dec_to_input: false, metadata };
    for (const [architecture, same, skips] of [
      ['transcoder', 'standard', false],
      ['skip_transcoder', 'standard', true],
      ['jumprelu_transcoder', 'jumprelu', false],
      ['jumprelu_skip_transcoder', 'jumprelu', true],
    ] as const) {
      expect(parseSaeLensConfig({ ...config, architecture })).toMatchObject({
        architecture: same,
        transcodes: true,
        skips,
        dIn: 192,
        dOut: 64,
        hookOut: 'blocks.2.hook_mlp_out',
        applyDecoderBiasToInput: false,
      });
    }
    const nowhere = { ...config, architecture: 'transcoder', metadata: version6.metadata };
    expect(thrown(nowhere).message).toContain('hook_name_out');
    expect(thrown({ ...config, architecture: 'transcoder', apply_b_dec_to_input: true }).code).toBe(
      'unsupported',
    );
  });

  test('one head, centred weights, normalisation, finetuning', () => {
    const at = (hook_name: string, more: object) => ({
      ...version6,
      metadata: { ...version6.metadata, hook_name, ...more },
    });
    const z = 'blocks.1.attn.hook_z';
    expect(parseSaeLensConfig(at(z, { hook_head_index: 3 })).headIndex).toBe(3);
    expect(thrown(at(z, { hook_head_index: -1 })).code).toBe('bad-file');
    const centred = { model_from_pretrained_kwargs: { center_writing_weights: true } };
    expect(parseSaeLensConfig(at('blocks.1.hook_mlp_out', centred)).centre).toBe(true);
    expect(parseSaeLensConfig(at(z, centred)).centre).toBe(false);
    expect(parseSaeLensConfig({ ...version5, ...centred }).centre).toBe(true);
    for (const normalize_activations of ['layer_norm', 'constant_norm_rescale'] as const)
      expect(parseSaeLensConfig({ ...version6, normalize_activations }).normalization).toBe(
        normalize_activations,
      );
    expect(parseSaeLensConfig({ ...version5, finetuning_scaling_factor: true }).finetuningScaling).toBe(true);
  });

  test('what SAELens keeps in its own list of repositories', () => {
    const repository = 'jbloom/GPT2-Small-SAEs-Reformatted';
    expect(parseSaeLensConfig(version5, { repository }).centre).toBe(true);
    expect(parseSaeLensConfig(version5, { repository: `${repository}-2` }).centre).toBe(false);
    const scaled = { ...version5, normalize_activations: 'expected_average_only_in' };
    const where = {
      repository: 'tommmcgrath/gpt2-small-mlp-out-saes',
      path: 'sae_group_gpt2_blocks.1.hook_mlp_out_24576:v0/sae_weights.safetensors',
    };
    expect(parseSaeLensConfig(scaled, where).inputScale).toBe(2.3693984005104283);
    expect(parseSaeLensConfig({ ...scaled, norm_scaling_factor: 3 }, where).inputScale).toBe(3);
    expect(parseSaeLensConfig(scaled).inputScale).toBeUndefined();
    expect(
      parseSaeLensConfig({ ...scaled, normalize_activations: 'none' }, where).inputScale,
    ).toBeUndefined();
    expect(parseSaeLensConfig(scaled, { ...where, path: '__proto__/x' }).inputScale).toBeUndefined();
  });

  test('local copies of those', () => {
    const cfg = { ...version5, hook_name: 'blocks.1.hook_mlp_out', normalize_activations: true };
    const folder = 'mine/sae_group_gpt2_blocks.1.hook_mlp_out_24576:v0/sae_weights.safetensors';
    expect(parseSaeLensConfig(cfg, { path: folder })).toMatchObject({
      centre: true,
      inputScale: 2.3693984005104283,
      notes: [],
    });
    const unknown = parseSaeLensConfig(cfg, { path: 'mine/sae_weights.safetensors' });
    expect(unknown).toMatchObject({ centre: false, inputScale: undefined });
    expect(unknown.notes.join()).toContain('a factor that its files do not give');
    expect(parseSaeLensConfig({ ...cfg, normalize_activations: false }).notes).toEqual([]);
    const path = 'GPT2-Small-SAEs-Reformatted/blocks.8.hook_resid_pre/sae_weights.safetensors';
    expect(parseSaeLensConfig(version5, { path }).centre).toBe(true);
  });

  test('the residual stream dictionaries of GPT-2 are known by their configuration, and no others', () => {
    const jbloom = {
      model_name: 'gpt2-small', hook_point: 'blocks.8.hook_resid_pre', hook_point_layer: 8, hook_point_head_index: null,
      d_in: 768, d_sae: 24576, normalize_activations: 'none',
    }; // oxfmt-ignore
    expect(parseSaeLensConfig(jbloom).centre).toBe(true);
    expect(parseSaeLensConfig({ ...jbloom, hook_point: 'blocks.11.hook_resid_post' }).centre).toBe(true);
    for (const change of [
      { model_name: 'pythia-70m-deduped' },
      { hook_point: 'blocks.8.hook_mlp_out' },
      { hook_point: undefined, hook_name: 'blocks.8.hook_resid_pre' },
      { d_sae: 24000 },
      { model_from_pretrained_kwargs: {} },
    ])
      expect(parseSaeLensConfig({ ...jbloom, ...change }).centre, JSON.stringify(change)).toBe(false);
  });

  test('Gemma Scope 2 transcoders read the output of the norm, which SAELens calls hook_mlp_in', () => {
    const hooks = (hook_name: string, hf_hook_name?: string) =>
      parseSaeLensConfig({
        ...version6,
        architecture: 'jumprelu_transcoder',
        apply_b_dec_to_input: false,
        metadata: {
          ...version6.metadata,
          hook_name,
          hf_hook_name,
          hook_name_out: 'blocks.5.hook_mlp_out',
          hf_hook_name_out: 'model.layers.5.post_feedforward_layernorm.output',
        },
      });
    const norm = 'model.layers.5.pre_feedforward_layernorm.output';
    expect(hooks('blocks.5.hook_mlp_in', norm)).toMatchObject({
      hook: 'blocks.5.mlp.hook_in',
      hookOut: 'blocks.5.hook_mlp_out',
    });
    expect(hooks('blocks.5.hook_mlp_in').hook).toBe('blocks.5.hook_mlp_in');
    expect(hooks('blocks.5.hook_mlp_in', 'model.layers.5.mystery').hook).toBe('blocks.5.hook_mlp_in');
    expect(hooks('blocks.5.ln2.hook_normalized', norm).hook).toBe('blocks.5.ln2.hook_normalized');
  });

  test('hook_normalized of a LayerNorm had gain and bias in older versions', () => {
    const at = (change: object) =>
      parseSaeLensConfig({ ...version5, hook_name: 'blocks.8.ln2.hook_normalized', ...change });
    expect(at({}).notes.join()).toContain('after the gain and the bias');
    expect(at({ model_name: 'gemma-2b' }).notes).toEqual([]);
    expect(at({ model_from_pretrained_kwargs: { fold_ln: true } }).notes).toEqual([]);
    expect(at({ sae_lens_version: '6.0.0', k: 3 }).notes).toEqual([]);
    expect(at({ hook_name: 'blocks.8.hook_resid_pre' }).notes).toEqual([]);
  });

  test('other architectures keep their names for the registry to judge', () => {
    expect(parseSaeLensConfig({ ...version6, architecture: 'gated', k: undefined }).architecture).toBe(
      'gated',
    );
    expect(
      parseSaeLensConfig({ ...version5, activation_fn_str: 'relu', activation_fn_kwargs: {} }).architecture,
    ).toBe('standard');
  });

  test.each([
    ['no configuration', null, 'root'],
    ['a list', [], 'd_in'],
    ['no width', { ...version6, d_in: undefined }, 'd_in'],
    ['a negative size', { ...version6, d_sae: -4 }, 'd_sae'],
    ['a fractional k', { ...version6, k: 2.5 }, 'k'],
    ['a size as text', { ...version6, d_sae: '2048' }, 'd_sae'],
    ['metadata that is no object', { ...version6, metadata: 'x' }, 'metadata'],
    [
      'a name without end',
      { ...version6, metadata: { hook_name: 'x'.repeat(10_000) } },
      'metadata.hook_name',
    ],
    ['no hook', { ...version6, metadata: {} }, 'hook'],
    ['no k', { ...version6, k: null }, '(k)'],
    ['more kept than there are', { ...version6, k: 4096, d_sae: 1024 }, '4096 features of only 1024'],
  ])('%s is a bad file', (_, json, part) => {
    const error = thrown(json);
    expect(error.code).toBe('bad-file');
    expect(error.message).toContain(part);
  });

  test.each([
    [
      'a head of what has none',
      { ...version6, metadata: { ...version6.metadata, hook_head_index: 3 } },
      'head 3',
    ],
    [
      'a whitened input',
      { ...version6, normalize_activations: 'covariance_whitening' },
      'covariance_whitening',
    ],
    ['another reshape', { ...version6, reshape_activations: 'sideways' }, 'sideways'],
    ['another activation', { ...version5, activation_fn_str: 'tanh-relu' }, 'tanh-relu'],
    [
      'two ways of scaling',
      { ...version6, normalize_activations: 'expected_average_only_in', norm_scaling_factor: 2 },
      'scales its input',
    ],
    [
      'a transcoder of a centred model',
      {
        ...version6,
        architecture: 'transcoder',
        apply_b_dec_to_input: false,
        metadata: {
          ...version6.metadata,
          hook_name_out: 'hook_embed',
          model_from_pretrained_kwargs: { center_writing_weights: true },
        },
      },
      'centred',
    ],
    ['an enormous dictionary', { ...version6, d_sae: 2 ** 30 }, '1073741824'],
    ['an enormous width', { ...version6, d_in: 2 ** 20 }, '1048576'],
  ])('%s is refused by name', (_, json, part) => {
    const error = thrown(json);
    expect(error.code).toBe('unsupported');
    expect(error.message).toContain(part);
  });

  test('anything at all gives a configuration or a FacetError', () => {
    const keys = Object.keys({ ...version6, ...version5 });
    const altered = fc
      .tuple(fc.constantFrom(version6, version5), fc.dictionary(fc.constantFrom(...keys), fc.jsonValue()))
      .map(([base, change]) => ({ ...base, ...change }));
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), altered), (json) => {
        try {
          const { dSae, k = dSae } = parseSaeLensConfig(json);
          expect(k >= 1 && k <= dSae).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(FacetError);
        }
      }),
    );
  });
});
