import * as v from 'valibot';
import { FacetError } from '../../shared/errors.ts';
import { TensorSource } from '../tensor-source.ts';
import { beside, type DictionaryFormat, hasKeys } from './format.ts';
import { moduleHooks } from './modules.ts';
import { checkSizes, count, flag, parseConfig, unsupported, word } from './validate.ts';

const schema = v.object({
  d_in: count,
  activation: v.nullish(word),
  expansion_factor: v.nullish(v.number()),
  num_latents: v.nullish(v.pipe(v.number(), v.integer(), v.minValue(0))),
  k: count,
  skip_connection: v.nullish(flag),
  transcode: v.nullish(flag),
  signed: v.nullish(flag),
});

/**
 * EleutherAI sparsify (formerly sae): `cfg.json` and `sae.safetensors` in a folder named after the module whose output
 * is encoded, or, of a transcoder, whose input is encoded into its output.
 *
 * SAELens' loader of these files takes b_dec off the input by `normalize_decoder` and turns W_dec; the library that
 * wrote them does neither, and is followed here. Before it had the field `transcode`, it took b_dec off the input of
 * transcoders too, and only what it trained on said that they were any: the skip connection or the name tells.
 * @source sparsify 1.3.3 `SparseCoder`, `FusedEncoder`
 */
export const sparsify: DictionaryFormat = {
  id: 'sparsify',
  files: {
    weights: /(^|\/)sae\.safetensors$/,
    config: (weights) => beside(weights, 'cfg.json'),
    names: 'cfg.json, sae.safetensors',
  },
  matches: ({ config }) =>
    hasKeys(config, 'd_in', 'k') &&
    !('d_sae' in config) &&
    ('num_latents' in config || 'expansion_factor' in config),
  async read({ config: json, weights, path, repository = '' }, storage) {
    const config = parseConfig(schema, json, 'cfg.json is not a sparsify configuration');
    const { activation, k } = config;
    if (config.signed) throw unsupported('keeps features of either sign');
    if (activation && activation !== 'topk' && activation !== 'groupmax')
      throw unsupported(`chooses its features by "${activation}"`);
    const d = config.d_in;
    const dSae = config.num_latents || d * (config.expansion_factor ?? 32);
    if (!Number.isInteger(dSae) || k > dSae)
      throw new FacetError('bad-file', `cfg.json keeps ${k} features of ${dSae} (num_latents).`);
    checkSizes({ dIn: d, dSae });
    const transcodes = config.transcode ?? (config.skip_connection === true || TRANSCODER.test(repository));
    const source = new TensorSource(weights, storage, 'cfg.json');
    const tensors = new Map([
      ['W_enc', source.matrix('encoder.weight', [d, dSae], { turned: 'always' })],
      ['b_enc', source.vector('encoder.bias', dSae)],
      ['W_dec', source.matrix('W_dec', [dSae, d])],
      ['b_dec', source.vector('b_dec', d)],
    ]);
    if (config.skip_connection) tensors.set('W_skip', source.matrix('W_skip', [d, d]));
    return {
      ...hooksOf(path, repository, transcodes),
      dIn: d,
      dOut: d,
      dSae,
      architecture: activation ?? 'topk',
      k,
      subtractDecoderBias: config.transcode !== true,
      normalization: 'none',
      restores: false,
      centre: false,
      source: { format: 'sparsify', modelName: modelNameOf(repository) },
      tensors,
    };
  },
};

const TRANSCODER = /(^|[-_/])transcoder/i;

/** The folder is the path of a module; what it reads and gives are hooks. */
function hooksOf(path: string, repository: string, transcodes: boolean): { hook: string; hookOut: string } {
  const folder = path.split('/').at(-2) ?? '';
  const hooks = moduleHooks(folder, /gemma-?[23]/i.test(repository));
  const [hook, hookOut] = [transcodes ? hooks?.input : hooks?.output, hooks?.output];
  if (hook && hookOut) return { hook, hookOut };
  throw new FacetError(
    'unsupported',
    `There is no hook for the module "${folder}" this dictionary was made for.`,
    {
      hint: 'Keep the folder that is named after the module, such as layers.3 or layers.3.mlp.',
    },
  );
}

/** Repositories are called after the model: `sae-pythia-160m-32k`, `skip-transcoder-SmolLM2-135M-128x`. */
function modelNameOf(repository: string): string | undefined {
  return /\/(?:sae|(?:skip-)?transcoder)-(.+?)-\d+[kx](?:-|$)/.exec(repository)?.[1];
}
