import { FacetError } from '../../shared/errors.ts';
import type { RecordTensor } from '../record.ts';
import { type Scaling, TensorSource } from '../tensor-source.ts';
import type { DictionaryFormat } from './format.ts';
import { checkSizes } from './validate.ts';

/** Kinds of repositories, by the end of their name, and the hooks of a layer they are about. */
const SITES: readonly { end: RegExp; hook: string; hookOut?: string }[] = [
  { end: /transcoders$/, hook: 'ln2.hook_normalized', hookOut: 'hook_mlp_out' },
  { end: /res$/, hook: 'hook_resid_post' },
  { end: /mlp$/, hook: 'hook_mlp_out' },
  { end: /att$/, hook: 'attn.hook_z' },
];

/**
 * Gemma Scope: `params.npz` without a configuration; the repository says which site, the folder which layer.
 * @source SAELens 6.54 `gemma_2_sae_huggingface_loader`, `gemma_2_transcoder_huggingface_loader`
 */
export const gemmaScope: DictionaryFormat = {
  id: 'gemma-scope',
  files: { weights: /(^|\/)params\.npz$/, names: 'params.npz' },
  matches: ({ config, weights }) =>
    config === undefined &&
    ['W_enc', 'W_dec', 'b_enc', 'b_dec', 'threshold'].every((name) => weights.info(name) !== undefined),
  async read({ weights, path, repository }, storage) {
    const source = new TensorSource(weights, storage, 'W_enc');
    const [dIn, dSae] = source.size('W_enc');
    const [, dOut] = source.size('W_dec');
    checkSizes({ dIn: Math.max(dIn, dOut), dSae });
    const name = nameOf(path, repository);
    const site = SITES.find(({ end }) => end.test(name));
    const embeds = /(^|\/)embedding(\/|$)/.test(path);
    const layer = /(?:^|\/)layer_(\d{1,4})(?:\/|$)/.exec(path)?.[1];
    if (!site || (layer === undefined && !embeds)) throw unplaced(path);
    const hook = embeds ? 'hook_embed' : `blocks.${Number(layer)}.${site.hook}`;
    // Those of the embedding were trained on it before it is multiplied by √d_model, and the hook is after. SAELens
    // scales the matrices and forgets b_dec, which is of the same size as what the decoder gives.
    const root = embeds ? Math.sqrt(dIn) : 1;
    const scale = (divide: boolean): Scaling | undefined =>
      embeds
        ? { by: 'row', values: async () => new Float32Array(divide ? dIn : dSae).fill(root), divide }
        : undefined;
    return {
      hook,
      hookOut: site.hookOut ? `blocks.${Number(layer)}.${site.hookOut}` : hook,
      dIn,
      dOut,
      dSae,
      architecture: 'jumprelu',
      subtractDecoderBias: false,
      normalization: 'none',
      restores: false,
      centre: false,
      source: { format: 'gemma-scope', modelName: modelOf(name), contextSize: 1024, prependBos: true },
      tensors: new Map<string, RecordTensor>([
        ['W_enc', source.matrix('W_enc', [dIn, dSae], { scale: scale(true) })],
        ['W_dec', source.matrix('W_dec', [dSae, dOut], { scale: scale(false) })],
        ['b_enc', source.vector('b_enc', dSae)],
        [
          'b_dec',
          source.vector('b_dec', dOut, (values) => values.forEach((value, i) => (values[i] = value * root))),
        ],
        ['threshold', source.vector('threshold', dSae)],
      ]),
    };
  },
};

/** The repository, or the folder that is named after it where files were copied with it. */
function nameOf(path: string, repository: string | undefined): string {
  const folders = path.split('/');
  return (
    repository?.split('/').at(-1) ?? folders.findLast((folder) => folder.startsWith('gemma-scope-')) ?? ''
  );
}

function modelOf(name: string): string | undefined {
  const match = /^gemma-scope-(\d+b)-(pt|it)/.exec(name);
  return match ? `gemma-2-${match[1]}${match[2] === 'it' ? '-it' : ''}` : undefined;
}

function unplaced(path: string): FacetError {
  return new FacetError('bad-file', `Nothing says which layer and site of the model "${path}" is about.`, {
    hint: 'Keep the folders as published, such as gemma-scope-2b-pt-res/layer_12/width_16k/average_l0_82/params.npz.',
  });
}
