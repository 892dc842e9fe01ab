import type { Gpu } from '../gpu/gpu.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { float16ToNumber, numberToFloat16 } from '../shared/dtype.ts';

/** What values become when they are stored as f16. */
export function asHalves(values: Float32Array): Float32Array<ArrayBuffer> {
  return Float32Array.from(values, (value) => float16ToNumber(numberToFloat16(value)));
}

/** Weights in either storage type, for cases that must hold for both. */
export function uploadWeights(
  gpu: Gpu,
  values: Float32Array<ArrayBuffer>,
  shape: readonly number[],
  half: boolean,
): Tensor {
  return gpu.upload(half ? Uint16Array.from(values, numberToFloat16) : values, shape);
}
