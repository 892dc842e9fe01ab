import * as v from 'valibot';
import { FacetError } from '../../shared/errors.ts';
import type { RecordTensor } from '../record.ts';
import { type MatrixOptions, TensorSource, vectorOf } from '../tensor-source.ts';
import { beside, type DictionaryFormat, hasKeys } from './format.ts';
import { checkSizes, count, parseConfig, unsupported, word } from './validate.ts';

const schema = v.object({
  trainer: v.object({
    dict_class: word,
    activation_dim: count,
    dict_size: count,
    k: v.nullish(v.number()),
    layer: v.nullish(v.pipe(v.number(), v.integer(), v.minValue(0))),
    lm_name: v.nullish(word),
    submodule_name: v.nullish(word),
  }),
  buffer: v.nullish(v.object({ ctx_len: v.nullish(count) })),
});

/** How each class of the library names its tensors, and whether it takes its decoder bias off the input. */
interface Layout {
  architecture: string;
  bias: string;
  subtracts: boolean;
  /** Tensors of the architecture by the names they have here. */
  vectors: Record<string, string>;
  /** `linear`: encoder.weight [d_sae, d_in], decoder.weight [d_out, d_sae]; `matrices`: W_enc, W_dec as SAELens has them. */
  matrices: 'linear' | 'matrices';
  /** Loading it makes decoder rows unit, and activations as much larger. */
  unit?: true;
}

const bEnc = { b_enc: 'encoder.bias' };
const LAYOUTS = new Map<string, Layout>([
  [
    'AutoEncoder',
    {
      architecture: 'standard',
      bias: 'bias',
      subtracts: true,
      vectors: bEnc,
      matrices: 'linear',
      unit: true,
    },
  ],
  [
    'AutoEncoderNew',
    { architecture: 'standard', bias: 'decoder.bias', subtracts: false, vectors: bEnc, matrices: 'linear' },
  ],
  [
    'GatedAutoEncoder',
    {
      architecture: 'gated',
      bias: 'decoder_bias',
      subtracts: true,
      vectors: { b_gate: 'gate_bias', r_mag: 'r_mag', b_mag: 'mag_bias' },
      matrices: 'linear',
    },
  ],
  [
    'JumpReluAutoEncoder',
    {
      architecture: 'jumprelu',
      bias: 'b_dec',
      subtracts: false,
      vectors: { b_enc: 'b_enc', threshold: 'threshold' },
      matrices: 'matrices',
    },
  ],
  [
    'AutoEncoderTopK',
    { architecture: 'topk', bias: 'b_dec', subtracts: true, vectors: bEnc, matrices: 'linear' },
  ],
  [
    'BatchTopKSAE',
    { architecture: 'batchtopk', bias: 'b_dec', subtracts: true, vectors: bEnc, matrices: 'linear' },
  ],
  [
    'MatryoshkaBatchTopKSAE',
    {
      architecture: 'batchtopk',
      bias: 'b_dec',
      subtracts: true,
      vectors: { b_enc: 'b_enc' },
      matrices: 'matrices',
    },
  ],
]);

/** By the beginning of `submodule_name`; without one the library's published dictionaries are on the residual stream. */
const SUBMODULES: readonly (readonly [string, string])[] = [
  ['resid_pre', 'hook_resid_pre'],
  ['resid_post', 'hook_resid_post'],
  ['mlp_out', 'hook_mlp_out'],
  ['attention_out', 'hook_attn_out'],
  ['attn_out', 'hook_attn_out'],
];

/**
 * dictionary_learning: `config.json` and `ae.safetensors`, which is the library's `ae.pt` converted, names as they were.
 * @source dictionary_learning 0.1.0 `dictionary.py`, `trainers/{top_k,batch_top_k,matryoshka_batch_top_k}.py`
 */
export const dictionaryLearning: DictionaryFormat = {
  id: 'dictionary-learning',
  files: {
    weights: /(^|\/)ae\.safetensors$/,
    config: (weights) => beside(weights, 'config.json'),
    names: 'config.json, ae.safetensors',
  },
  matches: ({ config }) => hasKeys(config, 'trainer') && hasKeys(config.trainer, 'dict_class'),
  async read({ config: json, weights }, storage) {
    const { trainer, buffer } = parseConfig(schema, json, 'config.json is not of dictionary_learning');
    const { dict_class: name, activation_dim: d, dict_size: dSae } = trainer;
    const layout = LAYOUTS.get(name);
    if (!layout) throw unsupported(`is a ${name}`, `Supported: ${[...LAYOUTS.keys()].join(', ')}.`);
    checkSizes({ dIn: d, dSae });
    const source = new TensorSource(weights, storage, 'config.json');
    const { architecture, matrices, unit } = layout;
    const turned = matrices === 'linear' ? ('always' as const) : ('never' as const);
    const [encoder, decoder] =
      matrices === 'linear' ? ['encoder.weight', 'decoder.weight'] : ['W_enc', 'W_dec'];
    let found: Promise<Float32Array> | undefined;
    const norms = (): Promise<Float32Array> => (found ??= source.norms(decoder, [dSae, d], { turned }));
    const scaled = (by: 'row' | 'column', divide: boolean): MatrixOptions => ({
      turned,
      scale: unit && { by, values: norms, divide },
    });
    const tensors = new Map<string, RecordTensor>([
      ['W_enc', source.matrix(encoder, [d, dSae], scaled('column', false))],
      ['W_dec', source.matrix(decoder, [dSae, d], scaled('row', true))],
      ['b_dec', source.vector(layout.bias, d)],
    ]);
    for (const [ours, theirs] of Object.entries(layout.vectors)) {
      const fold = async (values: Float32Array): Promise<void> => {
        const lengths = await norms();
        for (let i = 0; i < values.length; i++) values[i]! *= lengths[i]!;
      };
      tensors.set(ours, source.vector(theirs, dSae, unit && fold));
    }
    if (architecture === 'batchtopk') {
      // A threshold of −1 means that none was learnt: every feature above zero passes, as in the library.
      source.shape('threshold');
      tensors.set(
        'threshold',
        vectorOf(dSae, async () => new Float32Array(dSae).fill(await source.number('threshold'))),
      );
    }
    const hook = hookOf(trainer.submodule_name ?? undefined, trainer.layer ?? undefined);
    return {
      hook,
      hookOut: hook,
      dIn: d,
      dOut: d,
      dSae,
      architecture,
      k: architecture === 'topk' ? keptOf(trainer.k ?? undefined, dSae) : undefined,
      subtractDecoderBias: layout.subtracts,
      normalization: 'none',
      restores: false,
      centre: false,
      source: {
        format: 'dictionary-learning',
        modelName: trainer.lm_name ?? undefined,
        contextSize: buffer?.ctx_len ?? undefined,
      },
      tensors,
    };
  },
};

function keptOf(k: number | undefined, dSae: number): number {
  if (k !== undefined && Number.isInteger(k) && k >= 1 && k <= dSae) return k;
  throw new FacetError(
    'bad-file',
    `config.json keeps ${k ?? 'an unknown number of'} features of ${dSae} (trainer.k).`,
  );
}

function hookOf(submodule: string | undefined, layer: number | undefined): string {
  if (layer === undefined)
    throw new FacetError(
      'bad-file',
      'config.json does not say which layer the dictionary reads (trainer.layer).',
    );
  const found = submodule
    ? SUBMODULES.find(([start]) => submodule.startsWith(start))?.[1]
    : 'hook_resid_post';
  if (!found) throw unsupported(`was made for the module "${submodule}"`);
  return `blocks.${layer}.${found}`;
}
