import * as v from 'valibot';
import { checkConfig, type ModelConfig } from '../config.ts';
import { decoderConfig, decoderFields, decoderWeights } from './decoder.ts';
import type { ModelFamily } from './family.ts';
import {
  flag,
  layersOfTypes,
  layerTypes,
  parseFields,
  positive,
  readRope,
  refuseFlags,
  size,
} from './schema.ts';

/** Configuration fields of Gemma 2 and 3; published files leave out what is as here. */
export const gemmaFields = {
  ...decoderFields,
  num_attention_heads: v.optional(size, 8),
  num_key_value_heads: v.optional(size, 4),
  head_dim: v.optional(size, 256),
  tie_word_embeddings: flag(true),
  hidden_activation: v.nullish(v.string(), 'gelu_pytorch_tanh'),
  query_pre_attn_scalar: v.optional(positive, 256),
  sliding_window: v.nullish(size, 4096),
  layer_types: layerTypes,
  use_bidirectional_attention: flag(false),
};

const common = v.object(gemmaFields);

/** What Gemma 2 and 3 have in common. @throws FacetError `unsupported` */
export function gemmaConfig(
  fields: Omit<v.InferOutput<typeof common>, 'rope_parameters'>,
): Omit<ModelConfig, 'family' | 'layers'> {
  const { head_dim: headDim, hidden_activation: activation, use_bidirectional_attention } = fields;
  refuseFlags({ use_bidirectional_attention });
  return {
    ...decoderConfig(fields, { headDim, activation }),
    // The reference rounds this to the type it computes in; here that is f32.
    embedScale: Math.fround(Math.sqrt(fields.hidden_size)),
    sandwich: true,
    attentionScale: fields.query_pre_attn_scalar ** -0.5,
  };
}

/** The files hold the gains of norms less 1. */
export const gemmaWeights: ModelFamily['weights'] = (config) => decoderWeights(config, 1);

const schema = v.object({
  ...gemmaFields,
  vocab_size: v.optional(size, 256_000),
  max_position_embeddings: v.optional(size, 8192),
  attn_logit_softcapping: v.optional(v.nullable(positive), 50),
  final_logit_softcapping: v.optional(v.nullable(positive), 30),
});

function parseConfig(json: unknown): ModelConfig {
  const fields = parseFields('Gemma 2', schema, json);
  const config = gemmaConfig(fields);
  const rope = readRope(fields, config.dHead);
  const ruled = Array.from({ length: config.nLayers }, (_, l) =>
    l % 2 === 0 ? 'sliding_attention' : 'full_attention',
  );
  const layers = layersOfTypes(config.nLayers, fields.layer_types ?? ruled, {
    full: { window: 0, rope },
    sliding: { window: fields.sliding_window, rope },
  });
  const attentionCap = fields.attn_logit_softcapping ?? 0;
  return checkConfig({
    ...config,
    family: 'gemma2',
    layers,
    attentionCap,
    logitCap: fields.final_logit_softcapping ?? 0,
  });
}

/** Gemma 2: norms before and after, soft-caps, every other layer local. */
export const gemma2: ModelFamily = { ids: ['gemma2'], parseConfig, weights: gemmaWeights };
