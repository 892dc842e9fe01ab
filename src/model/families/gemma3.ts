import * as v from 'valibot';
import { checkConfig, type ModelConfig } from '../config.ts';
import type { ModelFamily } from './family.ts';
import { gemmaConfig, gemmaFields, gemmaWeights } from './gemma2.ts';
import { layersOfTypes, parseFields, positive, readRope, ropeParameters, size } from './schema.ts';

const schema = v.object({
  ...gemmaFields,
  vocab_size: v.optional(size, 262_208),
  max_position_embeddings: v.optional(size, 131_072),
  attn_logit_softcapping: v.nullish(positive),
  final_logit_softcapping: v.nullish(positive),
  sliding_window_pattern: v.optional(size, 6),
  rope_local_base_freq: v.nullish(positive),
  rope_parameters: v.nullish(
    v.strictObject({
      full_attention: v.nullish(ropeParameters),
      sliding_attention: v.nullish(ropeParameters),
    }),
  ),
});

const wrapper = v.object({ text_config: v.optional(v.looseObject({})) });

function parseConfig(json: unknown): ModelConfig {
  // The models that also see images keep the language model's fields apart.
  const text = parseFields('Gemma 3', wrapper, json).text_config ?? json;
  const fields = parseFields('Gemma 3', schema, text);
  const config = gemmaConfig(fields);
  const { max_position_embeddings, rope_theta, rope_scaling, rope_local_base_freq, rope_parameters } = fields;
  // Scaling is for the full layers; sliding ones have frequencies of their own.
  const full = readRope(
    { max_position_embeddings, rope_theta, rope_scaling, rope_parameters: rope_parameters?.full_attention },
    config.dHead,
    { theta: 1_000_000 },
  );
  const sliding = readRope(
    {
      max_position_embeddings,
      rope_theta: rope_local_base_freq,
      rope_parameters: rope_parameters?.sliding_attention,
    },
    config.dHead,
  );
  const ruled = Array.from({ length: config.nLayers }, (_, l) =>
    (l + 1) % fields.sliding_window_pattern === 0 ? 'full_attention' : 'sliding_attention',
  );
  const layers = layersOfTypes(config.nLayers, fields.layer_types ?? ruled, {
    full: { window: 0, rope: full },
    sliding: { window: fields.sliding_window, rope: sliding },
  });
  return checkConfig({
    ...config,
    family: 'gemma3',
    layers,
    qkNorm: true,
    attentionCap: fields.attn_logit_softcapping ?? 0,
    logitCap: fields.final_logit_softcapping ?? 0,
  });
}

/** Gemma 3: as Gemma 2 without soft-caps, with RMSNorm over queries and keys and two rotary bases. Text only. */
export const gemma3: ModelFamily = { ids: ['gemma3_text', 'gemma3'], parseConfig, weights: gemmaWeights };
