import * as v from 'valibot';
import { checkConfig, type LayerConfig, type ModelConfig } from '../config.ts';
import { decoderConfig, decoderFields, decoderWeights } from './decoder.ts';
import type { ModelFamily } from './family.ts';
import { flag, layersOfTypes, layerTypes, parseFields, readRope, refuseFlags, size } from './schema.ts';

/** Configuration fields of Qwen2 and Qwen3. */
export const qwenFields = {
  ...decoderFields,
  head_dim: v.nullish(size),
  hidden_act: v.optional(v.string(), 'silu'),
  use_sliding_window: flag(false),
  sliding_window: v.nullish(size, 4096),
  max_window_layers: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 28),
  layer_types: layerTypes,
  use_mrope: flag(false),
};

const schema = v.object(qwenFields);

/** @throws FacetError `unsupported`, `bad-file` */
export function qwenLayers(fields: v.InferOutput<typeof schema>, dHead: number): LayerConfig[] {
  const { num_hidden_layers: nLayers, use_sliding_window, max_window_layers, use_mrope } = fields;
  refuseFlags({ use_mrope });
  const rope = readRope(fields, dHead);
  const ruled = Array.from({ length: nLayers }, (_, l) =>
    use_sliding_window && l >= max_window_layers ? 'sliding_attention' : 'full_attention',
  );
  return layersOfTypes(nLayers, fields.layer_types ?? ruled, {
    full: { window: 0, rope },
    sliding: use_sliding_window ? { window: fields.sliding_window, rope } : undefined,
  });
}

function parseConfig(json: unknown): ModelConfig {
  const fields = parseFields('Qwen2', schema, json);
  const config = decoderConfig(fields, { headDim: fields.head_dim, activation: fields.hidden_act });
  const layers = qwenLayers(fields, config.dHead);
  return checkConfig({ ...config, family: 'qwen2', layers, biases: { qkv: true, out: false, mlp: false } });
}

/** Qwen2 (and 2.5): as Llama, with a bias on q, k and v. */
export const qwen2: ModelFamily = {
  ids: ['qwen2'],
  parseConfig,
  weights: (config) => decoderWeights(config),
};
