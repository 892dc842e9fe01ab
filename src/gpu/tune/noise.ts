import type { Gpu } from '../gpu.ts';
import type { Tensor, WeightDType } from '../tensor.ts';

/** Drawn once and repeated: a prime, so that rows of a matrix differ. */
const DRAWN = 65_521;

/** Values in [−1, 1), the same each time. */
export function noise(count: number, seed: number): Float32Array<ArrayBuffer> {
  const values = new Float32Array(count);
  let state = seed;
  for (let i = 0; i < Math.min(count, DRAWN); i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    values[i] = state / 2 ** 31;
  }
  for (let done = DRAWN; done < count; done += DRAWN)
    values.copyWithin(done, 0, Math.min(DRAWN, count - done));
  return values;
}

/** Weights in [−1, 1) stored as `dtype`. */
export function noiseWeights(gpu: Gpu, shape: readonly [number, number], dtype: WeightDType): Tensor {
  const values = noise(shape[0] * shape[1], 7);
  if (dtype === 'f32') return gpu.upload(values, shape);
  // Any sign, 7 bits of fraction, and an exponent that makes it 0.5 to 1: the same pattern in either format.
  const [top, shift] = dtype === 'f16' ? [0x38_00, 3] : [0x3f_00, 0];
  const bits = Uint16Array.from(values, (value) => {
    const fraction = Math.floor(Math.abs(value) * 128) << shift;
    return (value < 0 ? 0x80_00 : 0) | top | fraction;
  });
  return gpu.upload(bits, shape, dtype);
}
