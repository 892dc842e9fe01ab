import * as v from 'valibot';
import { checkConfig, type ModelConfig } from '../config.ts';
import { decoderConfig, decoderFields, decoderWeights } from './decoder.ts';
import type { ModelFamily } from './family.ts';
import { flag, parseFields, readRope, sameLayers, size } from './schema.ts';

const schema = v.object({
  ...decoderFields,
  head_dim: v.nullish(size),
  hidden_act: v.optional(v.string(), 'silu'),
  mlp_bias: flag(false),
});

function parseConfig(json: unknown): ModelConfig {
  const fields = parseFields('Llama', schema, json);
  const config = decoderConfig(fields, { headDim: fields.head_dim, activation: fields.hidden_act });
  return checkConfig({
    ...config,
    family: 'llama',
    layers: sameLayers(config.nLayers, { window: 0, rope: readRope(fields, config.dHead) }),
    biases: { ...config.biases, mlp: fields.mlp_bias },
  });
}

/** Llama (also SmolLM2, TinyLlama): RMSNorm, rotary positions, grouped queries, a gated MLP. */
export const llama: ModelFamily = {
  ids: ['llama'],
  parseConfig,
  weights: (config) => decoderWeights(config),
};
