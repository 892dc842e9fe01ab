import type { Rope } from './config.ts';

/**
 * Angle per position of each pair, as f32 like the reference.
 * @returns [dims / 2]
 * @source transformers 5 `modeling_rope_utils.py`: default, `_compute_linear_scaling_rope_parameters`,
 *   `_compute_llama3_parameters`
 */
export function inverseFrequencies({ dims, theta, scaling }: Rope): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: dims / 2 }, (_, i) => {
    const frequency = Math.fround(theta ** ((-2 * i) / dims));
    if (!scaling) return frequency;
    const { factor } = scaling;
    if (scaling.type === 'linear') return frequency / factor;
    const { lowFreqFactor: low, highFreqFactor: high, originalContext } = scaling;
    const turns = (originalContext * frequency) / (2 * Math.PI);
    if (turns < low) return frequency / factor;
    if (turns > high) return frequency;
    const smooth = (turns - low) / (high - low);
    return ((1 - smooth) * frequency) / factor + smooth * frequency;
  });
}

/**
 * Cosine and sine of every pair's angle at `length` positions from `first` on. Made here and not in a kernel, because WGSL promises
 * no more than three digits of them.
 * @returns [length, dims / 2, 2]
 */
export function ropeTable(rope: Rope, length: number, first = 0): Float32Array<ArrayBuffer> {
  const frequencies = inverseFrequencies(rope);
  const half = frequencies.length;
  const table = new Float32Array(length * half * 2);
  for (let t = 0; t < length; t++) {
    for (let i = 0; i < half; i++) {
      const angle = Math.fround((first + t) * frequencies[i]!);
      const at = 2 * (t * half + i);
      table[at] = Math.cos(angle);
      table[at + 1] = Math.sin(angle);
    }
  }
  return table;
}
