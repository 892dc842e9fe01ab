import { layerNormKernel } from '../../kernels/layer_norm.ts';
import { cpuKernel } from '../kernel.ts';

export const layerNorm = cpuKernel(layerNormKernel, ({ dims, tensors, wasm }) => {
  const { x, gain, bias, y, scale } = tensors;
  wasm.layerNorm(x.ptr, gain.ptr, bias.ptr, y.ptr, scale.ptr, dims.n_rows, 4 * dims.d4, dims.eps);
});
