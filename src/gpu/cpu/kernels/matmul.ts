import {
  matmulMatvecKernel,
  matmulQuadKernel,
  matmulRegisterKernel,
  matmulTiledKernel,
} from '../../kernels/matmul.ts';
import { type CpuCall, cpuKernel } from '../kernel.ts';
import { multiply } from '../products.ts';

type Call = CpuCall<keyof typeof matmulRegisterKernel.dims, keyof typeof matmulRegisterKernel.tensors>;

/** Of the ways to split the work on a GPU nothing is left here. */
function run({ dims, tensors, overrides, wasm }: Call): void {
  multiply(wasm, {
    x: tensors.x.ptr,
    weights: tensors.w,
    nk: overrides['nk'] === 1,
    nRows: dims.n_rows,
    k: 4 * dims.k4,
    n: dims.n,
    bias: dims.has_bias === 1 ? tensors.bias.ptr : 0,
    residual: dims.has_residual === 1 ? tensors.residual.ptr : 0,
    kind: dims.kind,
    cap: dims.cap,
    y: tensors.y.ptr,
    width: dims.width,
    column: dims.column,
  });
}

export const matmulRegister = cpuKernel(matmulRegisterKernel, run);
export const matmulTiled = cpuKernel(matmulTiledKernel, run);
export const matmulMatvec = cpuKernel(matmulMatvecKernel, run);
export const matmulQuad = cpuKernel(matmulQuadKernel, run);
