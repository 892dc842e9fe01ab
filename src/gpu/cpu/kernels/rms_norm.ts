import { rmsNormKernel } from '../../kernels/rms_norm.ts';
import { cpuKernel } from '../kernel.ts';

export const rmsNorm = cpuKernel(rmsNormKernel, ({ dims, tensors }) => {
  const d = 4 * dims.d4;
  const [x, gain, y, scale] = [tensors.x.f32, tensors.gain.f32, tensors.y.f32, tensors.scale.f32];
  for (let row = 0; row < dims.n_rows; row++) {
    const head = row % dims.heads;
    const start = 4 * (Math.floor(row / dims.heads) * dims.stride4 + dims.start4) + head * d;
    let squares = 0;
    for (let c = 0; c < d; c++) squares += x[start + c]! * x[start + c]!;
    const s = Math.sqrt(squares / d + dims.eps);
    scale[row] = s;
    for (let c = 0; c < d; c++) y[row * d + c] = (x[start + c]! / s) * gain[c]!;
  }
});
