import * as v from 'valibot';
import type { RecordTensor } from '../record.ts';
import { TensorSource } from '../tensor-source.ts';
import { type DictionaryFormat, hasKeys } from './format.ts';
import { checkSizes, count, parseConfig, unsupported, word } from './validate.ts';

const schema = v.object({ act_size: count, dict_size: count, act_name: word, model_name: v.nullish(word) });

/**
 * Attention-output dictionaries of Kissane et al.: `NAME_cfg.json` and `NAME.safetensors`, which is `NAME.pt` converted.
 * They read the heads of hook_z in a row, of a model whose weights TransformerLens processed.
 * @source Kissane et al. 2024, arXiv:2406.17759; SAELens 6.54 `connor_rob_hook_z_huggingface_loader`
 */
export const attentionOutput: DictionaryFormat = {
  id: 'attention-output',
  files: {
    weights: /(^|\/)[^/]*_Hcat_z_[^/]*\.safetensors$/,
    config: (weights) => weights.replace(/\.safetensors$/, '_cfg.json'),
    several: true,
    names: 'NAME_cfg.json, NAME.safetensors',
  },
  matches: ({ config }) => hasKeys(config, 'act_size', 'dict_size', 'act_name'),
  async read({ config: json, weights }, storage) {
    const config = parseConfig(schema, json, 'The configuration is not of an attention-output dictionary');
    const { act_size: d, dict_size: dSae, act_name: hook } = config;
    if (!/^blocks\.\d{1,4}\.attn\.hook_z$/.test(hook)) throw unsupported(`reads "${hook}"`);
    checkSizes({ dIn: d, dSae });
    const source = new TensorSource(weights, storage, 'its configuration');
    return {
      hook,
      hookOut: hook,
      dIn: d,
      dOut: d,
      dSae,
      architecture: 'standard',
      subtractDecoderBias: true,
      normalization: 'none',
      restores: false,
      centre: false,
      withoutConstant: true,
      source: {
        format: 'attention-output',
        modelName: config.model_name ?? 'gpt2-small',
        contextSize: 128,
        prependBos: true,
      },
      tensors: new Map<string, RecordTensor>([
        ['W_enc', source.matrix('W_enc', [d, dSae], { turned: 'by-shape' })],
        ['W_dec', source.matrix('W_dec', [dSae, d], { turned: 'by-shape' })],
        ['b_enc', source.vector('b_enc', dSae)],
        ['b_dec', source.vector('b_dec', d)],
      ]),
    };
  },
};
