import * as v from 'valibot';
import { checkConfig, type ModelConfig } from '../config.ts';
import { decoderConfig, decoderWeights } from './decoder.ts';
import type { ModelFamily } from './family.ts';
import { qwenFields, qwenLayers } from './qwen2.ts';
import { parseFields } from './schema.ts';

const schema = v.object(qwenFields);

function parseConfig(json: unknown): ModelConfig {
  const fields = parseFields('Qwen3', schema, json);
  const config = decoderConfig(fields, { headDim: fields.head_dim ?? 128, activation: fields.hidden_act });
  return checkConfig({ ...config, family: 'qwen3', layers: qwenLayers(fields, config.dHead), qkNorm: true });
}

/** Qwen3: as Llama, with RMSNorm over each head's query and key. */
export const qwen3: ModelFamily = {
  ids: ['qwen3'],
  parseConfig,
  weights: (config) => decoderWeights(config),
};
