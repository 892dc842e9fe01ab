import { matmulMatvecKernel, matmulRegisterKernel, matmulTiledKernel } from '../../kernels/matmul.ts';
import { type CpuCall, cpuKernel } from '../kernel.ts';
import { eachProduct } from '../products.ts';
import { activationOf } from './activation.ts';

type Call = CpuCall<keyof typeof matmulRegisterKernel.dims, keyof typeof matmulRegisterKernel.tensors>;

/** Of the three ways to split the work on a GPU nothing is left here. */
function run({ dims, tensors, overrides }: Call): void {
  const [bias, residual, y] = [tensors.bias.f32, tensors.residual.f32, tensors.y.f32];
  const activate = activationOf(dims.kind);
  const product = {
    x: tensors.x.f32,
    weights: tensors.w,
    nk: overrides['nk'] === 1,
    nRows: dims.n_rows,
    k: 4 * dims.k4,
    n: dims.n,
  };
  eachProduct(product, (row, sums) => {
    for (let c = 0; c < dims.n; c++) {
      const at = row * dims.width + dims.column + c;
      let value = sums[c]!;
      if (dims.has_bias === 1) value += bias[dims.column + c]!;
      value = activate(value);
      if (dims.cap > 0) value = dims.cap * Math.tanh(value / dims.cap);
      if (dims.has_residual === 1) value += residual[at]!;
      y[at] = value;
    }
  });
}

export const matmulRegister = cpuKernel(matmulRegisterKernel, run);
export const matmulTiled = cpuKernel(matmulTiledKernel, run);
export const matmulMatvec = cpuKernel(matmulMatvecKernel, run);
