import { describe, expect, test } from 'vitest';
import { CONVERSION, conversionHint, findDictionaries, unreadable } from './find.ts';

describe('dictionaries in a listing', () => {
  test('of every format, by their names', () => {
    const kissane = 'gpt2-small_L7_Hcat_z_lr1.20e-03_v9';
    const found = findDictionaries([
      'README.md',
      'blocks.8.hook_resid_pre/cfg.json',
      'blocks.8.hook_resid_pre/sae_weights.safetensors',
      'blocks.8.hook_resid_pre/sparsity.safetensors',
      'layers.3.mlp/cfg.json',
      'layers.3.mlp/sae.safetensors',
      'layers.4.mlp/sae.safetensors',
      'a/resid_post_layer_3/trainer_0/config.json',
      'a/resid_post_layer_3/trainer_0/ae.safetensors',
      'layer_12/width_16k/average_l0_82/params.npz',
      'resid_post/layer_5_width_16k_l0_small/config.json',
      'resid_post/layer_5_width_16k_l0_small/params.safetensors',
      'resid_post/layer_6_width_16k_l0_small/params.safetensors',
      'resid_post_mlp_v5_32k/autoencoders/6.safetensors',
      'resid_post_mlp_v5_32k/autoencoders/7.safetensors',
      `${kissane}.safetensors`,
      `${kissane}_cfg.json`,
      'model.safetensors',
      'config.json',
    ]);
    expect(found.map(({ path, format, files }) => [path, format, files.length])).toEqual([
      ['blocks.8.hook_resid_pre', 'sae-lens', 2],
      ['layers.3.mlp', 'sparsify', 2],
      ['a/resid_post_layer_3/trainer_0', 'dictionary-learning', 2],
      ['layer_12/width_16k/average_l0_82', 'gemma-scope', 1],
      ['resid_post/layer_5_width_16k_l0_small', 'gemma-scope-2', 2],
      ['resid_post/layer_6_width_16k_l0_small', 'gemma-scope-2', 1],
      ['resid_post_mlp_v5_32k/autoencoders/6', 'openai', 1],
      ['resid_post_mlp_v5_32k/autoencoders/7', 'openai', 1],
      [kissane, 'attention-output', 2],
    ]);
    expect(found[0]!.files).toEqual([
      'blocks.8.hook_resid_pre/sae_weights.safetensors',
      'blocks.8.hook_resid_pre/cfg.json',
    ]);
  });

  test('at the top of a folder', () => {
    expect(findDictionaries(['cfg.json', 'sae_weights.safetensors'])).toEqual([
      { path: '', format: 'sae-lens', files: ['sae_weights.safetensors', 'cfg.json'] },
    ]);
    expect(findDictionaries(['sae_weights.safetensors'])).toEqual([]);
  });

  test('ten thousand paths, each weights file claimed once', () => {
    const paths = Array.from({ length: 5_000 }, (_, i) => [
      `f${i}/cfg.json`,
      `f${i}/sae_weights.safetensors`,
    ]).flat();
    const found = findDictionaries([...paths, `${'a/'.repeat(2_000)}${'_Hcat_z_'.repeat(500)}`]);
    expect(found.length).toBe(5_000);
    expect(new Set(found.map(({ files }) => files[0])).size).toBe(5_000);
  });

  test('pickles come with the command that converts them', () => {
    const found = unreadable([
      'a/trainer_0/ae.pt',
      'a/trainer_1/ae.pt',
      'a/trainer_1/ae.safetensors',
      'resid_post_mlp_v5_32k/autoencoders/6.pt',
      'x_L7_Hcat_z_y.pt',
      'other.pt',
      'other_cfg.json',
      'model/pytorch_model.bin',
      'training_args.bin',
      'activations.pt',
    ]);
    expect(found.map(({ path }) => path)).toEqual([
      'a/trainer_0/ae.pt',
      'resid_post_mlp_v5_32k/autoencoders/6.pt',
      'x_L7_Hcat_z_y.pt',
      'other.pt',
    ]);
    expect(found[0]!.hint).toContain(`python -c "${CONVERSION}" "a/trainer_0/ae.pt"`);
    expect(conversionHint('a"$(x)`/ae.pt')).toMatch(/"a\\"\\\$\(x\)\\`\/ae\.pt"$/);
    expect(CONVERSION).not.toContain('"');
  });
});
