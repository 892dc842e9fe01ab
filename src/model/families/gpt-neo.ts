import * as v from 'valibot';
import { checkConfig, type ModelConfig, PLAIN } from '../config.ts';
import type { ModelFamily, WeightSpec } from './family.ts';
import {
  epsilon,
  flag,
  headSize,
  layersOfTypes,
  layerTypes,
  parseFields,
  readActivation,
  size,
  layerCount,
} from './schema.ts';
import { specsUnder } from './specs.ts';

const schema = v.object({
  num_layers: layerCount,
  num_heads: size,
  hidden_size: size,
  intermediate_size: v.nullish(size),
  max_position_embeddings: size,
  vocab_size: size,
  window_size: v.optional(size, 256),
  attention_layers: layerTypes,
  attention_types: v.nullish(
    v.pipe(v.array(v.tuple([v.pipe(v.array(v.string()), v.maxLength(64)), layerCount])), v.maxLength(64)),
  ),
  activation_function: v.optional(v.string(), 'gelu_new'),
  layer_norm_epsilon: v.optional(epsilon, 1e-5),
  tie_word_embeddings: flag(true),
});

function parseConfig(json: unknown): ModelConfig {
  const fields = parseFields('GPT-Neo', schema, json);
  const dHead = headSize(fields.hidden_size, fields.num_heads);
  // `attention_types` repeats groups of names: [[["global", "local"], 4]] are eight layers.
  const types =
    fields.attention_layers ??
    fields.attention_types?.flatMap(([names, times]) => Array.from({ length: times }, () => names).flat()) ??
    Array.from({ length: fields.num_layers }, (_, l) => (l % 2 === 0 ? 'global' : 'local'));
  return checkConfig({
    ...PLAIN,
    family: 'gpt_neo',
    nLayers: fields.num_layers,
    dModel: fields.hidden_size,
    nHeads: fields.num_heads,
    nKvHeads: fields.num_heads,
    dHead,
    dMlp: fields.intermediate_size ?? 4 * fields.hidden_size,
    dVocab: fields.vocab_size,
    nCtx: fields.max_position_embeddings,
    layers: layersOfTypes(fields.num_layers, types, {
      full: { window: 0 },
      sliding: { window: fields.window_size },
    }),
    learnedPositions: true,
    normEps: fields.layer_norm_epsilon,
    attentionScale: 1,
    activation: readActivation(fields.activation_function),
    biases: { qkv: false, out: true, mlp: true },
    tied: fields.tie_word_embeddings,
  });
}

function weights({ nLayers, dModel: d, dMlp, dVocab, nCtx, tied }: ModelConfig): WeightSpec[] {
  const { vector, matrix, joined } = specsUnder(['transformer.', '']);
  const layers = Array.from({ length: nLayers }, (_, l) => [
    vector(`blocks.${l}.ln1.w`, `h.${l}.ln_1.weight`, d),
    vector(`blocks.${l}.ln1.b`, `h.${l}.ln_1.bias`, d),
    joined(
      `blocks.${l}.attn.W_QKV`,
      ['q', 'k', 'v'].map((part) => [`h.${l}.attn.attention.${part}_proj.weight`, d] as const),
      d,
    ),
    matrix(`blocks.${l}.attn.W_O`, `h.${l}.attn.attention.out_proj.weight`, [d, d]),
    vector(`blocks.${l}.attn.b_O`, `h.${l}.attn.attention.out_proj.bias`, d),
    vector(`blocks.${l}.ln2.w`, `h.${l}.ln_2.weight`, d),
    vector(`blocks.${l}.ln2.b`, `h.${l}.ln_2.bias`, d),
    matrix(`blocks.${l}.mlp.W_in`, `h.${l}.mlp.c_fc.weight`, [dMlp, d]),
    vector(`blocks.${l}.mlp.b_in`, `h.${l}.mlp.c_fc.bias`, dMlp),
    matrix(`blocks.${l}.mlp.W_out`, `h.${l}.mlp.c_proj.weight`, [d, dMlp]),
    vector(`blocks.${l}.mlp.b_out`, `h.${l}.mlp.c_proj.bias`, d),
  ]);
  const unembed = matrix('unembed.W_U', 'lm_head.weight', [dVocab, d], { optional: true });
  return [
    matrix('embed.W_E', 'wte.weight', [dVocab, d], tied ? { twin: unembed } : {}),
    matrix('pos_embed.W_pos', 'wpe.weight', [nCtx, d], { layout: 'kn' }),
    ...layers.flat(),
    vector('ln_final.w', 'ln_f.weight', d),
    vector('ln_final.b', 'ln_f.bias', d),
    ...(tied ? [] : [unembed]),
  ];
}

/** GPT-Neo (TinyStories): as GPT-2, with Linear weights, no bias on q, k, v, unscaled scores and local layers. */
export const gptNeo: ModelFamily = { ids: ['gpt_neo'], parseConfig, weights };
