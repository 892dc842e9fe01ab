import * as v from 'valibot';
import { FacetError } from '../../shared/errors.ts';
import type { ActivationName, LayerConfig, Rope } from '../config.ts';

// Pieces the families' configurations share. Defaults are those of transformers' configuration classes.

const number = v.pipe(v.number(), v.finite());
export const size = v.pipe(v.number(), v.integer(), v.minValue(1));
/** Bounded, because lists are made of it before the rest is checked. */
export const layerCount = v.pipe(size, v.maxValue(1024));
export const positive = v.pipe(number, v.gtValue(0));
export const epsilon = v.pipe(number, v.minValue(0), v.maxValue(1));
/** A flag; `null` counts as absent. */
export const flag = (absent: boolean) => v.nullish(v.boolean(), absent);

const ropeSchema = v.object({
  rope_type: v.optional(v.string()),
  type: v.optional(v.string()),
  rope_theta: v.optional(positive),
  partial_rotary_factor: v.optional(v.pipe(positive, v.maxValue(1))),
  factor: v.optional(positive),
  low_freq_factor: v.optional(positive),
  high_freq_factor: v.optional(positive),
  original_max_position_embeddings: v.optional(size),
});

/** Rotary positions of both generations: `rope_theta` with `rope_scaling`, or all in `rope_parameters`. */
export const ropeFields = {
  max_position_embeddings: size,
  rope_theta: v.nullish(positive),
  partial_rotary_factor: v.nullish(v.pipe(positive, v.maxValue(1))),
  rope_scaling: v.nullish(ropeSchema),
  rope_parameters: v.nullish(ropeSchema),
};
export const ropeParameters = ropeSchema;

export interface RopeFields {
  max_position_embeddings: number;
  rope_theta?: number | null;
  partial_rotary_factor?: number | null;
  rope_scaling?: v.InferOutput<typeof ropeSchema> | null;
  rope_parameters?: v.InferOutput<typeof ropeSchema> | null;
}

/** @throws FacetError `unsupported` naming a rope type that is not implemented, `bad-file` for missing parameters */
export function readRope(
  fields: RopeFields,
  dHead: number,
  { partial = 1, theta = 10_000 }: { partial?: number; theta?: number } = {},
): Rope {
  const given = fields.rope_scaling ?? fields.rope_parameters;
  const { rope_type, type, rope_theta, partial_rotary_factor, factor, ...llama3 } = given ?? {};
  const name = rope_type ?? type ?? 'default';
  const dims = Math.trunc(dHead * (partial_rotary_factor ?? fields.partial_rotary_factor ?? partial));
  const rope = { dims, theta: rope_theta ?? fields.rope_theta ?? theta };
  if (name === 'default') return rope;
  if (name !== 'linear' && name !== 'llama3')
    throw new FacetError('unsupported', `The rope type "${name.slice(0, 40)}" is not supported.`, {
      hint: 'Supported are default, linear and llama3.',
    });
  if (factor === undefined)
    throw new FacetError('bad-file', `config.json has ${name} rope scaling without a factor.`);
  if (name === 'linear') return { ...rope, scaling: { type: 'linear', factor } };
  const { low_freq_factor: lowFreqFactor, high_freq_factor: highFreqFactor } = llama3;
  if (lowFreqFactor === undefined || highFreqFactor === undefined || lowFreqFactor >= highFreqFactor)
    throw new FacetError('bad-file', 'The llama3 rope scaling lacks low_freq_factor below high_freq_factor.');
  const originalContext = llama3.original_max_position_embeddings ?? fields.max_position_embeddings;
  return { ...rope, scaling: { type: 'llama3', factor, lowFreqFactor, highFreqFactor, originalContext } };
}

export const layerTypes = v.nullish(v.pipe(v.array(v.string()), v.maxLength(1024)));

/** Layers that all do the same. */
export function sameLayers(nLayers: number, layer: LayerConfig): LayerConfig[] {
  return Array.from({ length: nLayers }, () => layer);
}

/**
 * Layers by name, full or sliding.
 * @param types from the file, or by the family's rule
 * @throws FacetError `unsupported` naming another type, `bad-file` when the list is not one per layer
 */
export function layersOfTypes(
  nLayers: number,
  types: readonly string[],
  { full, sliding }: { full: LayerConfig; sliding: LayerConfig | undefined },
): LayerConfig[] {
  if (types.length !== nLayers)
    throw new FacetError('bad-file', `config.json lists ${types.length} layer types for ${nLayers} layers.`);
  return types.map((type) => {
    if (type === 'full_attention' || type === 'global') return full;
    if (type !== 'sliding_attention' && type !== 'local')
      throw new FacetError('unsupported', `Layers of type "${type.slice(0, 40)}" are not supported.`);
    if (!sliding) throw new FacetError('bad-file', 'config.json has sliding layers but no sliding window.');
    return sliding;
  });
}

const ACTIVATIONS: Record<string, ActivationName> = {
  gelu_new: 'gelu_new',
  gelu_pytorch_tanh: 'gelu_new',
  gelu: 'gelu',
  relu: 'relu',
  silu: 'silu',
  swish: 'silu',
};

/** @throws FacetError `unsupported` naming the activation */
export function readActivation(name: string): ActivationName {
  const activation = Object.hasOwn(ACTIVATIONS, name) ? ACTIVATIONS[name] : undefined;
  if (activation) return activation;
  throw new FacetError('unsupported', `The activation "${name.slice(0, 40)}" is not supported.`);
}

/** @throws FacetError `unsupported` naming the first field that is on */
export function refuseFlags(fields: Record<string, boolean>): void {
  const on = Object.keys(fields).find((name) => fields[name]);
  if (on) throw new FacetError('unsupported', `${on} is not supported.`);
}

/** @throws FacetError `bad-file` when heads do not divide the width and no size of a head is given */
export function headSize(dModel: number, nHeads: number, given?: number | null): number {
  if (given) return given;
  if (dModel % nHeads === 0) return dModel / nHeads;
  throw new FacetError('bad-file', `A width of ${dModel} is not a multiple of ${nHeads} heads.`);
}

const quantised = v.object({ quantization_config: v.nullish(v.unknown()) });

/** @throws FacetError `bad-file` naming the first field that is wrong, `unsupported` for a quantised checkpoint */
export function parseFields<Schema extends v.GenericSchema>(
  family: string,
  schema: Schema,
  json: unknown,
): v.InferOutput<Schema> {
  const parsed = v.safeParse(schema, json);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new FacetError(
      'bad-file',
      `config.json is not a ${family} configuration: ${v.getDotPath(issue) ?? 'root'}: ${issue.message}`,
    );
  }
  if (v.parse(quantised, json).quantization_config != null)
    throw new FacetError(
      'unsupported',
      'Quantised checkpoints of the Hugging Face layout are not supported.',
      {
        hint: 'Choose the unquantised repository, or a GGUF file.',
      },
    );
  return parsed.output;
}
