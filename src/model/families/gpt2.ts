import * as v from 'valibot';
import { checkConfig, type ModelConfig, PLAIN } from '../config.ts';
import type { ModelFamily, WeightSpec } from './family.ts';
import {
  epsilon,
  flag,
  headSize,
  parseFields,
  readActivation,
  refuseFlags,
  sameLayers,
  size,
  layerCount,
} from './schema.ts';
import { specsUnder } from './specs.ts';

const schema = v.object({
  n_layer: layerCount,
  n_head: size,
  n_embd: size,
  n_inner: v.nullish(size),
  n_positions: v.optional(size),
  n_ctx: v.optional(size),
  vocab_size: size,
  activation_function: v.optional(v.string(), 'gelu_new'),
  layer_norm_epsilon: v.optional(epsilon, 1e-5),
  scale_attn_weights: flag(true),
  scale_attn_by_inverse_layer_idx: flag(false),
  add_cross_attention: flag(false),
  tie_word_embeddings: flag(true),
});

function parseConfig(json: unknown): ModelConfig {
  const fields = parseFields('GPT-2', schema, json);
  const { scale_attn_by_inverse_layer_idx, add_cross_attention } = fields;
  refuseFlags({ scale_attn_by_inverse_layer_idx, add_cross_attention });
  const dHead = headSize(fields.n_embd, fields.n_head);
  return checkConfig({
    ...PLAIN,
    family: 'gpt2',
    nLayers: fields.n_layer,
    dModel: fields.n_embd,
    nHeads: fields.n_head,
    nKvHeads: fields.n_head,
    dHead,
    dMlp: fields.n_inner ?? 4 * fields.n_embd,
    dVocab: fields.vocab_size,
    nCtx: fields.n_positions ?? fields.n_ctx ?? 1024,
    layers: sameLayers(fields.n_layer, { window: 0 }),
    learnedPositions: true,
    normEps: fields.layer_norm_epsilon,
    attentionScale: fields.scale_attn_weights ? 1 / Math.sqrt(dHead) : 1,
    activation: readActivation(fields.activation_function),
    biases: { qkv: true, out: true, mlp: true },
    tied: fields.tie_word_embeddings,
  });
}

function weights({ nLayers, dModel: d, dMlp, dVocab, nCtx, tied }: ModelConfig): WeightSpec[] {
  // The hub's own GPT-2 has bare names; files saved by transformers carry the prefix.
  const { vector, matrix } = specsUnder(['transformer.', '']);
  const conv1D = { layout: 'kn' } as const;
  const layers = Array.from({ length: nLayers }, (_, l) => [
    vector(`blocks.${l}.ln1.w`, `h.${l}.ln_1.weight`, d),
    vector(`blocks.${l}.ln1.b`, `h.${l}.ln_1.bias`, d),
    matrix(`blocks.${l}.attn.W_QKV`, `h.${l}.attn.c_attn.weight`, [d, 3 * d], conv1D),
    vector(`blocks.${l}.attn.b_QKV`, `h.${l}.attn.c_attn.bias`, 3 * d),
    matrix(`blocks.${l}.attn.W_O`, `h.${l}.attn.c_proj.weight`, [d, d], conv1D),
    vector(`blocks.${l}.attn.b_O`, `h.${l}.attn.c_proj.bias`, d),
    vector(`blocks.${l}.ln2.w`, `h.${l}.ln_2.weight`, d),
    vector(`blocks.${l}.ln2.b`, `h.${l}.ln_2.bias`, d),
    matrix(`blocks.${l}.mlp.W_in`, `h.${l}.mlp.c_fc.weight`, [d, dMlp], conv1D),
    vector(`blocks.${l}.mlp.b_in`, `h.${l}.mlp.c_fc.bias`, dMlp),
    matrix(`blocks.${l}.mlp.W_out`, `h.${l}.mlp.c_proj.weight`, [dMlp, d], conv1D),
    vector(`blocks.${l}.mlp.b_out`, `h.${l}.mlp.c_proj.bias`, d),
  ]);
  const unembed = matrix('unembed.W_U', 'lm_head.weight', [dVocab, d], { optional: true });
  return [
    matrix('embed.W_E', 'wte.weight', [dVocab, d], tied ? { twin: unembed } : {}),
    matrix('pos_embed.W_pos', 'wpe.weight', [nCtx, d], conv1D),
    ...layers.flat(),
    vector('ln_final.w', 'ln_f.weight', d),
    vector('ln_final.b', 'ln_f.bias', d),
    ...(tied ? [] : [unembed]),
  ];
}

/** GPT-2: Conv1D weights stored [in, out], q|k|v fused, learned positions. */
export const gpt2: ModelFamily = { ids: ['gpt2'], parseConfig, weights };
