import matvecSource from '../../shaders/matmul_matvec.wgsl?raw';
import quadSource from '../../shaders/matmul_quad.wgsl?raw';
import registerSource from '../../shaders/matmul_register.wgsl?raw';
import tiledSource from '../../shaders/matmul_tiled.wgsl?raw';
import finishing from '../../shaders/shared/matmul.wgsl?raw';
import plusProduct from '../../shaders/shared/plus_product.wgsl?raw';
import blocks from '../../shaders/shared/weight_blocks.wgsl?raw';
import type { Batch } from '../batch.ts';
import type { AdapterDescription } from '../device.ts';
import { defineKernel } from '../kernel.ts';
import { repeated } from '../repeat.ts';
import { shapeError } from '../shape-error.ts';
import type { Tensor } from '../tensor.ts';
import { choicesOf } from '../tune/choices.ts';
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
  overrides: { wg_x: 8, wg_y: 8, depth4: 4, nk: 0 },
});

export const matmulQuadKernel = defineKernel({
  name: 'matmul_quad',
  source: withActivations(`${shared}\n${plusProduct}\n${repeated(quadSource)}`),
  ...common,
  overrides: { wg_x: 4, rows: 16, nk: 0 },
  needs: 'subgroups',
});

export const matmulMatvecKernel = defineKernel({
  name: 'matmul_matvec',
  source: withActivations(`${shared}\n${matvecSource}`),
  ...common,
  overrides: { cols: 8, splits: 16, nk: 0 },
});

interface Split {
  kernel: typeof matmulRegisterKernel;
  overrides: Record<string, number>;
  /** Rows and columns a workgroup computes. */
  tile: readonly [rows: number, columns: number];
}

const register = (wg_x: number, most: number) => (nRows: number) => {
  // A power of two, so that few pipelines serve every length.
  const rows = Math.min(most, nRows >= 5 ? 8 : nRows >= 3 ? 4 : nRows);
  return { kernel: matmulRegisterKernel, overrides: { wg_x, rows }, tile: [rows, 16 * wg_x] as const };
};
const quad = (wg_x: number) => (nRows: number) => {
  const rows = nRows >= 9 ? 16 : nRows >= 5 ? 8 : 4;
  return { kernel: matmulQuadKernel, overrides: { wg_x, rows }, tile: [rows, 16 * wg_x] as const };
};
const tiled = (wg_x: number, wg_y: number, depth4: number) => () => ({
  kernel: matmulTiledKernel,
  overrides: { wg_x, wg_y, depth4 },
  tile: [4 * wg_y, 4 * wg_x] as const,
});
const matvec = (cols: number, splits: number) => () => ({
  kernel: matmulMatvecKernel,
  overrides: { cols, splits },
  tile: [1, 4 * cols] as const,
});

/**
 * How the work is split, by the number of rows; all give the same result up to rounding. `register` and `quad` suit
 * adapters that run on the processor, which the defaults for those were measured on (`bench/workloads/matmul.ts`).
 */
export const MATMUL_VARIANTS = {
  register: register(4, 8),
  'register-wide': register(64, 4),
  quad: quad(4),
  'quad-wide': quad(64),
  tiled: tiled(8, 8, 4),
  'tiled-large': tiled(16, 16, 4),
  'tiled-deep': tiled(8, 8, 8),
  'tiled-wide': tiled(16, 8, 4),
  'tiled-flat': tiled(32, 2, 4),
  matvec: matvec(8, 16),
  'matvec-narrow': matvec(2, 64),
  'matvec-wide': matvec(32, 4),
  'matvec-large': matvec(16, 16),
} satisfies Record<string, (nRows: number) => Split>;
export type MatmulVariant = keyof typeof MATMUL_VARIANTS;

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
  /** Default: what was measured to be fastest here, else by adapter and number of rows. */
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
  const asked = { rows: nRows, k, n, layout, weights: weights.dtype };
  const usual = args.variant ?? usualMatmul(batch.gpu.adapter, nRows);
  const variant = args.variant ?? choicesOf(batch.gpu).look('matmul', asked, usual, MATMUL_VARIANTS);
  const { kernel, overrides, tile } = matmulSplit(variant, nRows, layout);
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
    groups: [Math.ceil(n / tile[1]), Math.ceil(nRows / tile[0])],
    overrides,
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

/** The variant for an adapter on which nothing was measured yet. */
export function usualMatmul({ software, features }: AdapterDescription, nRows: number): MatmulVariant {
  if (software) return nRows >= 9 && features.includes('subgroups') ? 'quad' : 'register';
  return nRows <= 2 ? 'matvec' : 'tiled';
}

/** What a variant runs. */
export function matmulSplit(variant: MatmulVariant, nRows: number, layout: 'kn' | 'nk'): Split {
  const split: Split = MATMUL_VARIANTS[variant](nRows);
  return { ...split, overrides: { ...split.overrides, nk: layout === 'nk' ? 1 : 0 } };
}
