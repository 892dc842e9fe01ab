import { layerNormKernel } from '../../kernels/layer_norm.ts';
import { cpuKernel } from '../kernel.ts';

export const layerNorm = cpuKernel(layerNormKernel, ({ dims, tensors }) => {
  const d = 4 * dims.d4;
  const [x, gain, bias] = [tensors.x.f32, tensors.gain.f32, tensors.bias.f32];
  const [y, scale] = [tensors.y.f32, tensors.scale.f32];
  for (let row = 0; row < dims.n_rows; row++) {
    const start = row * d;
    let mean = 0;
    for (let c = 0; c < d; c++) mean += x[start + c]!;
    mean /= d;
    let squares = 0;
    for (let c = 0; c < d; c++) squares += (x[start + c]! - mean) ** 2;
    const s = Math.sqrt(squares / d + dims.eps);
    scale[row] = s;
    for (let c = 0; c < d; c++) y[start + c] = ((x[start + c]! - mean) / s) * gain[c]! + bias[c]!;
  }
});
