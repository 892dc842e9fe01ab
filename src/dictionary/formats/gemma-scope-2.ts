import * as v from 'valibot';
import { FacetError } from '../../shared/errors.ts';
import type { RecordTensor } from '../record.ts';
import { TensorSource } from '../tensor-source.ts';
import { beside, type DictionaryFormat, type FormatFiles } from './format.ts';
import { pointHook } from './modules.ts';
import { checkSizes, flag, parseConfig, unsupported, word } from './validate.ts';

const schema = v.object({
  architecture: word,
  model_name: v.nullish(word),
  hf_hook_point_in: word,
  hf_hook_point_out: v.nullish(word),
  affine_connection: v.nullish(flag),
  type: v.nullish(word),
});

/** What the configuration would say, by the folder's name, where there is none. */
const SITES: readonly { folder: RegExp; in: string; out?: string }[] = [
  { folder: /transcoder/, in: 'pre_feedforward_layernorm.output', out: 'post_feedforward_layernorm.output' },
  { folder: /resid_post/, in: 'output' },
  { folder: /attn_out/, in: 'self_attn.o_proj.input' },
  { folder: /mlp_out/, in: 'post_feedforward_layernorm.output' },
];

/**
 * Gemma Scope 2: `config.json` (missing in some folders) and `params.safetensors`, whose names are in lower case.
 * `affine_skip_connection` is stored [d_in, d_out].
 * @source SAELens 6.54 `gemma_3_sae_huggingface_loader`
 */
export const gemmaScope2: DictionaryFormat = {
  id: 'gemma-scope-2',
  files: {
    weights: /(^|\/)params\.safetensors$/,
    config: (weights) => beside(weights, 'config.json'),
    configOptional: true,
    names: 'config.json, params.safetensors',
  },
  matches: ({ weights }) =>
    ['w_enc', 'w_dec', 'b_enc', 'b_dec', 'threshold'].every((name) => weights.info(name) !== undefined),
  async read(files, storage) {
    const config = parseConfig(
      schema,
      files.config ?? inferred(files),
      'config.json is not of Gemma Scope 2',
    );
    if (config.architecture !== 'jump_relu') throw unsupported(`is a "${config.architecture}"`);
    const source = new TensorSource(files.weights, storage, 'w_enc');
    if (config.type === 'clt' || source.shape('w_dec').length !== 2)
      throw unsupported('writes to several layers at once');
    const [dIn, dSae] = source.size('w_enc');
    const [, dOut] = source.size('w_dec');
    checkSizes({ dIn: Math.max(dIn, dOut), dSae });
    const hook = hookOf(config.hf_hook_point_in);
    const hookOut = config.hf_hook_point_out ? hookOf(config.hf_hook_point_out) : hook;
    const tensors = new Map<string, RecordTensor>([
      ['W_enc', source.matrix('w_enc', [dIn, dSae])],
      ['W_dec', source.matrix('w_dec', [dSae, dOut])],
      ['b_enc', source.vector('b_enc', dSae)],
      ['b_dec', source.vector('b_dec', dOut)],
      ['threshold', source.vector('threshold', dSae)],
    ]);
    const skip = 'affine_skip_connection';
    if (source.has(skip)) tensors.set('W_skip', source.matrix(skip, [dOut, dIn], { turned: 'always' }));
    else if (config.affine_connection)
      throw new FacetError(
        'bad-file',
        `config.json promises an affine connection, but there is no tensor "${skip}".`,
      );
    return {
      hook,
      hookOut,
      dIn,
      dOut,
      dSae,
      architecture: 'jumprelu',
      subtractDecoderBias: false,
      normalization: 'none',
      restores: false,
      centre: false,
      source: {
        format: 'gemma-scope-2',
        modelName: config.model_name?.replace('-v3', '-3'),
        contextSize: 1024,
        prependBos: true,
      },
      tensors,
    };
  },
};

function hookOf(point: string): string {
  const hook = pointHook(point);
  if (!hook) throw unsupported(`was made for "${point}"`);
  return hook;
}

function inferred({ path, repository }: FormatFiles): unknown {
  const folder = path.split('/').slice(0, -1).join('/');
  const layer = /layer_(\d{1,4})/.exec(folder)?.[1];
  const site = SITES.find((candidate) => candidate.folder.test(folder));
  if (layer === undefined || !site) {
    throw new FacetError('bad-file', `Nothing says which layer and site of the model "${path}" is about.`, {
      hint: 'Keep config.json beside the weights, or the folders as published.',
    });
  }
  const point = (name: string): string => `model.layers.${layer}.${name}`;
  return {
    architecture: 'jump_relu',
    model_name: repository?.split('/').at(-1)?.replace('gemma-scope-2', 'gemma-3'),
    hf_hook_point_in: point(site.in),
    hf_hook_point_out: site.out && point(site.out),
  };
}
