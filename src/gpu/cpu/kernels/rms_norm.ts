import { rmsNormKernel } from '../../kernels/rms_norm.ts';
import { cpuKernel } from '../kernel.ts';

export const rmsNorm = cpuKernel(rmsNormKernel, ({ dims, tensors, wasm }) => {
  const { x, gain, y, scale } = tensors;
  const from = x.ptr + 16 * dims.start4;
  const [stride, d] = [4 * dims.stride4, 4 * dims.d4];
  wasm.rmsNorm(from, stride, dims.heads, gain.ptr, y.ptr, scale.ptr, dims.n_rows, d, dims.eps);
});
