import { describe, expect, test } from 'vitest';
import { explainMisfit, warnOfOtherModel } from './misfit.ts';

const model = {
  id: 'openai-community/gpt2@607a30d7',
  nLayers: 12,
  dModel: 768,
  nHeads: 12,
  dHead: 64,
  hooks: [
    { name: 'hook_embed', width: 768 },
    ...Array.from({ length: 12 }, (_, layer) =>
      ['hook_resid_pre', 'ln2.hook_normalized', 'attn.hook_z', 'hook_mlp_out'].map((hook) => ({
        name: `blocks.${layer}.${hook}`,
        width: 768,
      })),
    ).flat(),
  ],
};
const at = (hook: string, more: object = {}) => ({ hook, hookOut: hook, dIn: 768, dOut: 768, ...more });

describe('a dictionary and a model', () => {
  test('that fit', () => {
    expect(explainMisfit(at('blocks.11.hook_resid_pre'), model)).toBeUndefined();
    expect(
      explainMisfit({ ...at('blocks.3.ln2.hook_normalized'), hookOut: 'blocks.3.hook_mlp_out' }, model),
    ).toBeUndefined();
    expect(
      explainMisfit(at('blocks.3.attn.hook_z', { headIndex: 11, dIn: 64, dOut: 64 }), model),
    ).toBeUndefined();
  });

  test.each([
    [
      'a layer it does not have',
      at('blocks.12.hook_resid_pre'),
      'reads layer 12; this model has 12 layers, 0 to 11',
    ],
    ['another width', at('blocks.3.hook_resid_pre', { dIn: 512, dOut: 512 }), 'reads 512 values per token'],
    [
      'a hook of another family',
      at('blocks.3.mlp.hook_in'),
      '"blocks.3.mlp.hook_in", which this model does not have',
    ],
    ['an unknown place', at('hook_pos_embed'), '"hook_pos_embed", which this model does not have'],
    [
      'an output of another width',
      { ...at('blocks.3.ln2.hook_normalized'), hookOut: 'blocks.3.hook_mlp_out', dOut: 100 },
      'writes 100 values per token',
    ],
    ['a head too many', at('blocks.3.attn.hook_z', { headIndex: 12, dIn: 64, dOut: 64 }), 'head 12'],
    [
      'a head of another width',
      at('blocks.3.attn.hook_z', { headIndex: 2, dIn: 32, dOut: 32 }),
      'heads have 64',
    ],
  ])('%s is explained', (_, dictionary, part) => {
    const error = explainMisfit({ ...dictionary, modelName: 'pythia-70m' }, model);
    expect(error?.code).toBe('mismatch');
    expect(error?.message).toContain(part);
    expect(error?.hint).toContain('pythia-70m');
  });

  test('of another name is a warning', () => {
    const made = (modelName?: string) => warnOfOtherModel({ ...at('hook_embed'), modelName }, model);
    for (const name of ['gpt2-small', 'gpt2', 'openai-community/gpt2', undefined, ''])
      expect(made(name)).toBeUndefined();
    expect(made('pythia-70m-deduped')).toContain('pythia-70m-deduped');
    const scope = { ...at('hook_embed'), modelName: 'gemma-3-270m-pt' };
    for (const id of ['google/gemma-3-270m', 'unsloth/gemma-3-270m@1a2b'])
      expect(warnOfOtherModel(scope, { id })).toBeUndefined();
    expect(warnOfOtherModel(scope, { id: 'google/gemma-3-270m-it' })).toContain('270m-pt');
  });
});
