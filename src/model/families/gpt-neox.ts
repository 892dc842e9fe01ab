import * as v from 'valibot';
import { checkConfig, type ModelConfig, PLAIN } from '../config.ts';
import type { ModelFamily, WeightSpec } from './family.ts';
import {
  epsilon,
  flag,
  headSize,
  parseFields,
  positive,
  readActivation,
  readRope,
  ropeFields,
  sameLayers,
  size,
  layerCount,
} from './schema.ts';
import { specsUnder } from './specs.ts';

const schema = v.object({
  num_hidden_layers: layerCount,
  num_attention_heads: size,
  hidden_size: size,
  intermediate_size: size,
  vocab_size: size,
  ...ropeFields,
  rotary_pct: v.nullish(v.pipe(positive, v.maxValue(1)), 0.25),
  rotary_emb_base: v.nullish(positive, 10_000),
  hidden_act: v.optional(v.string(), 'gelu'),
  layer_norm_eps: v.optional(epsilon, 1e-5),
  use_parallel_residual: flag(true),
  attention_bias: flag(true),
  tie_word_embeddings: flag(false),
});

function parseConfig(json: unknown): ModelConfig {
  const fields = parseFields('GPT-NeoX', schema, json);
  const dHead = headSize(fields.hidden_size, fields.num_attention_heads);
  const rope = readRope(fields, dHead, { partial: fields.rotary_pct, theta: fields.rotary_emb_base });
  return checkConfig({
    ...PLAIN,
    family: 'gpt_neox',
    nLayers: fields.num_hidden_layers,
    dModel: fields.hidden_size,
    nHeads: fields.num_attention_heads,
    nKvHeads: fields.num_attention_heads,
    dHead,
    dMlp: fields.intermediate_size,
    dVocab: fields.vocab_size,
    nCtx: fields.max_position_embeddings,
    layers: sameLayers(fields.num_hidden_layers, { window: 0, rope }),
    normEps: fields.layer_norm_eps,
    parallel: fields.use_parallel_residual,
    attentionScale: 1 / Math.sqrt(dHead),
    activation: readActivation(fields.hidden_act),
    biases: { qkv: fields.attention_bias, out: fields.attention_bias, mlp: true },
    tied: fields.tie_word_embeddings,
  });
}

function weights({ nLayers, dModel: d, nHeads, dMlp, dVocab, biases, tied }: ModelConfig): WeightSpec[] {
  const { vector, matrix } = specsUnder(['gpt_neox.', '']);
  const interleaved = { groups: nHeads, parts: 3 };
  const layers = Array.from({ length: nLayers }, (_, l) => [
    vector(`blocks.${l}.ln1.w`, `layers.${l}.input_layernorm.weight`, d),
    vector(`blocks.${l}.ln1.b`, `layers.${l}.input_layernorm.bias`, d),
    matrix(`blocks.${l}.attn.W_QKV`, `layers.${l}.attention.query_key_value.weight`, [3 * d, d], {
      interleaved,
    }),
    ...(biases.qkv
      ? [
          vector(`blocks.${l}.attn.b_QKV`, `layers.${l}.attention.query_key_value.bias`, 3 * d, {
            interleaved,
          }),
        ]
      : []),
    matrix(`blocks.${l}.attn.W_O`, `layers.${l}.attention.dense.weight`, [d, d]),
    ...(biases.out ? [vector(`blocks.${l}.attn.b_O`, `layers.${l}.attention.dense.bias`, d)] : []),
    vector(`blocks.${l}.ln2.w`, `layers.${l}.post_attention_layernorm.weight`, d),
    vector(`blocks.${l}.ln2.b`, `layers.${l}.post_attention_layernorm.bias`, d),
    matrix(`blocks.${l}.mlp.W_in`, `layers.${l}.mlp.dense_h_to_4h.weight`, [dMlp, d]),
    vector(`blocks.${l}.mlp.b_in`, `layers.${l}.mlp.dense_h_to_4h.bias`, dMlp),
    matrix(`blocks.${l}.mlp.W_out`, `layers.${l}.mlp.dense_4h_to_h.weight`, [d, dMlp]),
    vector(`blocks.${l}.mlp.b_out`, `layers.${l}.mlp.dense_4h_to_h.bias`, d),
  ]);
  const head = { names: ['embed_out.weight', 'lm_head.weight'], shape: [dVocab, d] };
  const unembed = { ...matrix('unembed.W_U', '', [dVocab, d], { optional: true }), sources: [head] };
  return [
    matrix('embed.W_E', 'embed_in.weight', [dVocab, d], tied ? { twin: unembed } : {}),
    ...layers.flat(),
    vector('ln_final.w', 'final_layer_norm.weight', d),
    vector('ln_final.b', 'final_layer_norm.bias', d),
    ...(tied ? [] : [unembed]),
  ];
}

/** GPT-NeoX (Pythia): partial rotary positions, q, k, v interleaved per head, attention and MLP in parallel. */
export const gptNeoX: ModelFamily = { ids: ['gpt_neox'], parseConfig, weights };
