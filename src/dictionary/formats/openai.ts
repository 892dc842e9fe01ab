import { FacetError } from '../../shared/errors.ts';
import type { RecordTensor } from '../record.ts';
import { TensorSource } from '../tensor-source.ts';
import type { DictionaryFormat } from './format.ts';
import { checkSizes } from './validate.ts';

/** Places of GPT-2 as the release names them. */
const LOCATIONS = new Map([
  ['resid_delta_attn', 'hook_attn_out'],
  ['resid_delta_mlp', 'hook_mlp_out'],
  ['resid_post_attn', 'hook_resid_mid'],
  ['resid_post_mlp', 'hook_resid_post'],
  ['mlp_post_act', 'mlp.hook_post'],
]);

/**
 * OpenAI's autoencoders of GPT-2 small: `LOCATION_v5_32k/autoencoders/LAYER.safetensors` and the like, which is the
 * `.pt` of the release converted, its activation's k as the tensor `activation.k`. Those with TopK normalise each token.
 * @source openai/sparse_autoencoder `model.py`, `paths.py`; Gao et al. 2024, arXiv:2406.04093
 */
export const openai: DictionaryFormat = {
  id: 'openai',
  files: {
    weights: /(^|\/)autoencoders\/\d+\.safetensors$/,
    several: true,
    names: 'LOCATION_v5_32k/autoencoders/LAYER.safetensors',
  },
  matches: ({ config, weights }) =>
    config === undefined &&
    ['pre_bias', 'latent_bias', 'encoder.weight'].every((name) => weights.info(name) !== undefined),
  async read({ weights, path }, storage) {
    const source = new TensorSource(weights, storage, 'encoder.weight');
    const [dSae, d] = source.size('encoder.weight');
    checkSizes({ dIn: d, dSae });
    const { hook, version } = placeOf(path);
    const ranks = source.has('activation.k');
    if (!ranks && version === 'v5') {
      throw new FacetError(
        'bad-file',
        'The weights file does not say how many features to keep (activation.k).',
        {
          hint: 'Convert the .pt of the release again, its activation included.',
        },
      );
    }
    const tensors = new Map<string, RecordTensor>([
      ['W_enc', source.matrix('encoder.weight', [d, dSae], { turned: 'always' })],
      ['W_dec', source.matrix('decoder.weight', [dSae, d], { turned: 'always' })],
      ['b_enc', source.vector('latent_bias', dSae)],
      ['b_dec', source.vector('pre_bias', d)],
    ]);
    return {
      hook,
      hookOut: hook,
      dIn: d,
      dOut: d,
      dSae,
      architecture: ranks ? 'topk' : 'standard',
      k: ranks ? await source.number('activation.k') : undefined,
      subtractDecoderBias: true,
      // The reference infers the one from the other too.
      normalization: ranks ? 'layer_norm' : 'none',
      restores: true,
      centre: false,
      source: { format: 'openai', modelName: 'gpt2-small', contextSize: 64, prependBos: false, version },
      tensors,
    };
  },
};

function placeOf(path: string): { hook: string; version?: string } {
  const match = /(?:^|\/)([a-z_]+?)(?:_(v\d+)(?:_\w+)?)?\/autoencoders\/(\d{1,3})\.safetensors$/.exec(path);
  const hook = LOCATIONS.get(match?.[1] ?? '');
  if (match && hook) return { hook: `blocks.${Number(match[3])}.${hook}`, version: match[2] };
  throw new FacetError('bad-file', `Nothing says which layer and site of the model "${path}" is about.`, {
    hint: 'Keep the folders as published, such as resid_post_mlp_v5_32k/autoencoders/6.safetensors.',
  });
}
