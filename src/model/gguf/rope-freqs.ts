import { FacetError } from '../../shared/errors.ts';

interface Llama3Scaling {
  rope_type: 'llama3';
  factor: number;
  low_freq_factor: number;
  high_freq_factor: number;
  original_max_position_embeddings: number;
}

/** What the converter divides the frequencies by, for every pair of dimensions. */
function divisors(scaling: Llama3Scaling, theta: number, pairs: number): number[] {
  const { factor, low_freq_factor: low, high_freq_factor: high } = scaling;
  return Array.from({ length: pairs }, (_, i) => {
    const turns = scaling.original_max_position_embeddings / (2 * Math.PI * theta ** (i / pairs));
    if (turns > high) return 1;
    if (turns < low) return factor;
    const smooth = (turns - low) / (high - low);
    return 1 / ((1 - smooth) / factor + smooth);
  });
}

/**
 * The `rope_scaling` that the tensor `rope_freqs.weight` was made from. Only the ratios of context length to low and high
 * factor leave a trace in it, so the context length is taken for 8,192, as the converter does, and the factors are found
 * from the two outermost frequencies between them.
 * @returns null when nothing is scaled
 * @throws FacetError `unsupported` when no Llama 3 scaling gives these values
 * @source llama.cpp `LlamaModel.generate_extra_tensors`; transformers `_compute_llama3_parameters`
 */
export function scalingOf(stored: Float32Array, theta: number): Llama3Scaling | null {
  if (stored.every((divisor) => divisor === 1)) return null;
  const pairs = stored.length;
  const factor = stored.at(-1) ?? 1;
  const usual: Llama3Scaling = {
    rope_type: 'llama3',
    factor,
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: 8192,
  };
  const fits = (scaling: Llama3Scaling): boolean =>
    divisors(scaling, theta, pairs).every((divisor, i) => Math.abs(divisor / stored[i]! - 1) < 1e-4);
  if (fits(usual)) return usual;
  // Between the two factors smooth = (turns − low) ÷ (high − low): a line through the outermost points gives both.
  const between = [...stored.keys()].filter((i) => stored[i]! > 1 && stored[i]! < factor);
  const [first, last] = [between[0], between.at(-1)];
  if (first !== undefined && last !== undefined && first !== last) {
    const smooth = (i: number): number => (1 / stored[i]! - 1 / factor) / (1 - 1 / factor);
    const turns = (i: number): number => 8192 / (2 * Math.PI * theta ** (i / pairs));
    const width = (turns(first) - turns(last)) / (smooth(first) - smooth(last));
    const low = turns(first) - smooth(first) * width;
    const found = { ...usual, low_freq_factor: rounded(low), high_freq_factor: rounded(low + width) };
    if (fits(found)) return found;
  }
  throw new FacetError(
    'unsupported',
    'The rotary frequencies of this GGUF file are scaled in an unknown way.',
    {
      hint: "Use the model's safetensors.",
    },
  );
}

/** Factors are round numbers; what f32 did to them is taken back. */
function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
