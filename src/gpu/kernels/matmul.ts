import matvecSource from '../../shaders/matmul_matvec.wgsl?raw';
import registerSource from '../../shaders/matmul_register.wgsl?raw';
import tiledSource from '../../shaders/matmul_tiled.wgsl?raw';
import finishing from '../../shaders/shared/matmul.wgsl?raw';
import blocks from '../../shaders/shared/weight_blocks.wgsl?raw';
import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { shapeError } from '../shape-error.ts';
import type { Tensor } from '../tensor.ts';
import { ACTIVATION_NUMBERS, type KernelActivation, withActivations } from './activation-names.ts';

const shared = `${blocks}\n${finishing}`;

const common = {
  dims: {
    n_rows: 'u32',
    k4: 'u32',
    n: 'u32',
    has_bias: 'u32',
    has_residual: 'u32',
    kind: 'u32',
    cap: 'f32',
    width: 'u32',
    column: 'u32',
  },
  tensors: { x: 'read', w: 'weights', bias: 'read', residual: 'read', y: 'write' },
} as const;

export const matmulRegisterKernel = defineKernel({
  name: 'matmul_register',
  source: withActivations(`${shared}\n${registerSource}`),
  ...common,
  overrides: { wg_x: 4, rows: 8, nk: 0 },
});

export const matmulTiledKernel = defineKernel({
  name: 'matmul_tiled',
  source: withActivations(`${shared}\n${tiledSource}`),
  ...common,
  overrides: { wg_x: 8, wg_y: 8, nk: 0 },
});

export const matmulMatvecKernel = defineKernel({
  name: 'matmul_matvec',
  source: withActivations(`${shared}\n${matvecSource}`),
  ...common,
  overrides: { cols: 8, splits: 16, nk: 0 },
});

/** How the work is split; all give the same result up to rounding. */
export type MatmulVariant = 'register' | 'tiled' | 'matvec';

export interface MatmulArguments {
  /** [T, K] f32, K % 4 = 0 */
  x: Tensor;
  /** [K, N] with N % 4 = 0 for `kn`, [N, K] for `nk` */
  weights: Tensor;
  layout: 'kn' | 'nk';
  /** [N] f32 */
  bias?: Tensor;
  activation?: KernelActivation;
  /** Soft-caps what the activation gave: cap · tanh(y / cap). */
  cap?: number;
  /** [T, N] f32, added last; may be `into.y`, which is then added to */
  residual?: Tensor;
  /**
   * Writes the N columns of `y` [T, width] from `column` on instead of a tensor of their own, for a matrix in several
   * parts. `bias` [width] and `residual` [T, width] then belong to all of `y`.
   */
  into?: { y: Tensor; column: number };
  /** Default by adapter and number of rows. */
  variant?: MatmulVariant;
}

/**
 * activation(x · W + bias) + residual.
 * @returns `into.y`, or else scratch [T, N] f32
 * @throws FacetError `bug` when the shapes do not fit
 */
export function matmul(batch: Batch, args: MatmulArguments): Tensor {
  const { x, weights, layout, bias, residual, activation = 'none' } = args;
  const { nRows, k, n, width } = checkedShape(args);
  const y = args.into?.y ?? batch.scratch([nRows, n]);
  const variant = args.variant ?? defaultVariant(nRows, batch.gpu.adapter.software);
  const { kernel, groups, overrides } = PLANS[variant](nRows, n);
  // WebGPU binds no buffer for reading that the dispatch writes: the kernel finds the residual in y.
  const hidden = residual?.place === y.place && batch.gpu.backend === 'webgpu';
  batch.run(kernel, {
    dims: {
      n_rows: nRows,
      k4: k / 4,
      n,
      has_bias: bias ? 1 : 0,
      has_residual: hidden ? 2 : residual ? 1 : 0,
      kind: ACTIVATION_NUMBERS[activation],
      cap: args.cap ?? 0,
      width,
      column: args.into?.column ?? 0,
    },
    // What is left out is never read, but a binding needs a buffer.
    tensors: { x, w: weights, bias: bias ?? x, residual: hidden ? x : (residual ?? x), y },
    groups,
    overrides: { ...overrides, nk: layout === 'nk' ? 1 : 0 },
    cost: {
      flops: 2 * nRows * k * n,
      bytes: x.byteLength + weights.byteLength + 4 * nRows * n * (residual ? 2 : 1),
    },
  });
  return y;
}

function checkedShape({ x, weights, layout, bias, residual, into }: MatmulArguments): {
  nRows: number;
  k: number;
  n: number;
  width: number;
} {
  const [nRows = 0, k = 0] = x.shape;
  const [rows = 0, columns = 0] = weights.shape;
  const [wk, n] = layout === 'kn' ? [rows, columns] : [columns, rows];
  const fits = x.shape.length === 2 && weights.shape.length === 2 && wk === k && k % 4 === 0;
  const width = into ? into.y.shape[1]! : n;
  const isWhole = ({ shape }: Tensor): boolean => shape[0] === nRows && shape[1] === width;
  const extrasFit =
    (!bias || bias.shape[0] === width) &&
    (!residual || isWhole(residual)) &&
    (!into || (isWhole(into.y) && into.column + n <= width));
  if (!fits || !extrasFit || (layout === 'kn' && n % 4 !== 0)) {
    const tensors = { x, weights, ...(bias && { bias }), ...(residual && { residual }) };
    throw shapeError('matmul', `shapes do not fit layout ${layout}`, tensors);
  }
  return { nRows, k, n, width };
}

function defaultVariant(nRows: number, software: boolean): MatmulVariant {
  if (software) return 'register';
  return nRows <= 2 ? 'matvec' : 'tiled';
}

interface Plan {
  kernel: typeof matmulRegisterKernel;
  groups: readonly [number, number];
  overrides: Record<string, number>;
}

/** Measured with `bench/workloads/matmul.ts`: `register` on SwiftShader. */
const PLANS: Record<MatmulVariant, (nRows: number, n: number) => Plan> = {
  register(nRows, n) {
    // A power of two, so that few pipelines serve every length.
    const rows = nRows >= 5 ? 8 : nRows >= 3 ? 4 : nRows;
    const overrides = { wg_x: 4, rows };
    return { kernel: matmulRegisterKernel, groups: [Math.ceil(n / 64), Math.ceil(nRows / rows)], overrides };
  },
  tiled(nRows, n) {
    const overrides = { wg_x: 8, wg_y: 8 };
    return { kernel: matmulTiledKernel, groups: [Math.ceil(n / 32), Math.ceil(nRows / 32)], overrides };
  },
  matvec(nRows, n) {
    const overrides = { cols: 8, splits: 16 };
    return { kernel: matmulMatvecKernel, groups: [Math.ceil(n / 32), nRows], overrides };
  },
};
