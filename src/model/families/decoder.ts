import * as v from 'valibot';
import { type ModelConfig, PLAIN } from '../config.ts';
import type { WeightSpec } from './family.ts';
import { epsilon, flag, headSize, readActivation, ropeFields, size, layerCount } from './schema.ts';
import { specsUnder } from './specs.ts';

/** Configuration fields of the decoders that follow Llama; families add theirs. */
export const decoderFields = {
  num_hidden_layers: layerCount,
  num_attention_heads: size,
  num_key_value_heads: v.nullish(size),
  hidden_size: size,
  intermediate_size: size,
  vocab_size: size,
  ...ropeFields,
  rms_norm_eps: v.optional(epsilon, 1e-6),
  attention_bias: flag(false),
  tie_word_embeddings: flag(false),
};

const decoderSchema = v.object(decoderFields);

/** What follows from those fields, the same for all of them; the layers are the family's. */
export function decoderConfig(
  fields: Omit<v.InferOutput<typeof decoderSchema>, 'rope_parameters'>,
  given: { headDim?: number | null; activation: string },
): Omit<ModelConfig, 'family' | 'layers'> & { dHead: number } {
  const dHead = headSize(fields.hidden_size, fields.num_attention_heads, given.headDim);
  return {
    ...PLAIN,
    nLayers: fields.num_hidden_layers,
    dModel: fields.hidden_size,
    nHeads: fields.num_attention_heads,
    nKvHeads: fields.num_key_value_heads ?? fields.num_attention_heads,
    dHead,
    dMlp: fields.intermediate_size,
    dVocab: fields.vocab_size,
    nCtx: fields.max_position_embeddings,
    norm: 'RMS',
    normEps: fields.rms_norm_eps,
    attentionScale: 1 / Math.sqrt(dHead),
    activation: readActivation(given.activation),
    gated: true,
    biases: { qkv: fields.attention_bias, out: fields.attention_bias, mlp: false },
    tied: fields.tie_word_embeddings,
  };
}

/**
 * Weights of the decoders that follow Llama: q, k, v apart and fused here, a gated MLP, RMSNorms.
 * @param plus what the file's norm gains lack
 */
export function decoderWeights(config: ModelConfig, plus?: number): WeightSpec[] {
  const {
    nLayers,
    dModel: d,
    nHeads,
    nKvHeads,
    dHead,
    dMlp,
    dVocab,
    sandwich,
    qkNorm,
    biases,
    tied,
  } = config;
  const { vector, matrix, joined } = specsUnder([
    'model.',
    '',
    'language_model.model.',
    'model.language_model.',
  ]);
  const heads = nHeads * dHead;
  const norm = (name: string, stem: string, length = d): WeightSpec => vector(name, stem, length, { plus });
  const layers = Array.from({ length: nLayers }, (_, l) => {
    const to = `blocks.${l}`;
    const at = `layers.${l}`;
    const fused = (kind: 'weight' | 'bias') =>
      (['q', 'k', 'v'] as const).map(
        (part) => [`${at}.self_attn.${part}_proj.${kind}`, part === 'q' ? heads : nKvHeads * dHead] as const,
      );
    const gate = (kind: 'weight' | 'bias') =>
      (['gate', 'up'] as const).map((part) => [`${at}.mlp.${part}_proj.${kind}`, dMlp] as const);
    return [
      norm(`${to}.ln1.w`, `${at}.input_layernorm.weight`),
      joined(`${to}.attn.W_QKV`, fused('weight'), d),
      ...(biases.qkv ? [joined(`${to}.attn.b_QKV`, fused('bias'))] : []),
      ...(qkNorm
        ? [
            norm(`${to}.attn.q_norm.w`, `${at}.self_attn.q_norm.weight`, dHead),
            norm(`${to}.attn.k_norm.w`, `${at}.self_attn.k_norm.weight`, dHead),
          ]
        : []),
      matrix(`${to}.attn.W_O`, `${at}.self_attn.o_proj.weight`, [d, heads]),
      ...(biases.out ? [vector(`${to}.attn.b_O`, `${at}.self_attn.o_proj.bias`, d)] : []),
      ...(sandwich
        ? [
            norm(`${to}.ln1_post.w`, `${at}.post_attention_layernorm.weight`),
            norm(`${to}.ln2.w`, `${at}.pre_feedforward_layernorm.weight`),
            norm(`${to}.ln2_post.w`, `${at}.post_feedforward_layernorm.weight`),
          ]
        : [norm(`${to}.ln2.w`, `${at}.post_attention_layernorm.weight`)]),
      joined(`${to}.mlp.W_gate_in`, gate('weight'), d),
      ...(biases.mlp ? [joined(`${to}.mlp.b_gate_in`, gate('bias'))] : []),
      matrix(`${to}.mlp.W_out`, `${at}.mlp.down_proj.weight`, [d, dMlp]),
      ...(biases.mlp ? [vector(`${to}.mlp.b_out`, `${at}.mlp.down_proj.bias`, d)] : []),
    ];
  });
  const head = specsUnder(['', 'language_model.', 'model.']);
  const unembed = head.matrix('unembed.W_U', 'lm_head.weight', [dVocab, d], { optional: true });
  return [
    matrix('embed.W_E', 'embed_tokens.weight', [dVocab, d], tied ? { twin: unembed } : {}),
    ...layers.flat(),
    norm('ln_final.w', 'norm.weight'),
    ...(tied ? [] : [unembed]),
  ];
}
