import { activationKernel } from '../../kernels/activation.ts';
import { cpuKernel } from '../kernel.ts';

export const activation = cpuKernel(activationKernel, ({ dims, tensors, wasm }) => {
  const { x, y } = tensors;
  const count = y.byteLength / 4;
  wasm.activateRows(x.ptr, count, 0, 0, y.ptr, 1, count, dims.kind);
});
