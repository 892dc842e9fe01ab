import knSource from '../../shaders/matmul_kn.wgsl?raw';
import nkSource from '../../shaders/matmul_nk.wgsl?raw';
import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { shapeError } from '../shape-error.ts';
import { byteLengthOf, type Tensor } from '../tensor.ts';
import { ACTIVATION_NUMBERS, type KernelActivation, withActivations } from './activation-names.ts';

/** Rows × columns one invocation computes; columns count vec4s for `kn`, scalars for `nk`. */
export interface Blocking {
  rows: number;
  cols: number;
}

const TENSORS = { x: 'read', w: 'weights', bias: 'read', residual: 'read', y: 'write' } as const;
const REST = { has_bias: 'u32', has_residual: 'u32', kind: 'u32' } as const;

/** The shader with its register block set: WGSL has no overridable size for private arrays. */
function blocked(source: string, { rows, cols }: Blocking): string {
  return withActivations(source)
    .replace(/const ROWS = \d+u;/, `const ROWS = ${rows}u;`)
    .replace(/const COLS = \d+u;/, `const COLS = ${cols}u;`);
}

const knFor = (blocking: Blocking) =>
  defineKernel({
    name: `matmul_kn_${blocking.rows}x${blocking.cols}`,
    source: blocked(knSource, blocking),
    dims: { n_rows: 'u32', k4: 'u32', n4: 'u32', ...REST },
    tensors: TENSORS,
    overrides: { wg_x: 4, wg_y: 4 },
  });

const nkFor = (blocking: Blocking) =>
  defineKernel({
    name: `matmul_nk_${blocking.rows}x${blocking.cols}`,
    source: blocked(nkSource, blocking),
    dims: { n_rows: 'u32', k4: 'u32', n: 'u32', ...REST },
    tensors: TENSORS,
    overrides: { wg_x: 4, wg_y: 4 },
  });

/** Made once per blocking, so that pipelines are found again by name. */
const made = new Map<string, ReturnType<typeof knFor> | ReturnType<typeof nkFor>>();
function cached<Kernel extends ReturnType<typeof knFor> | ReturnType<typeof nkFor>>(
  layout: string,
  blocking: Blocking,
  make: (blocking: Blocking) => Kernel,
): Kernel {
  const key = `${layout} ${blocking.rows} ${blocking.cols}`;
  const kernel = (made.get(key) as Kernel | undefined) ?? make(blocking);
  made.set(key, kernel);
  return kernel;
}

export interface MatmulArguments {
  /** [T, K] f32, K % 4 = 0 */
  x: Tensor;
  /** [K, N] with N % 4 = 0 for `kn`, [N, K] for `nk` */
  weights: Tensor;
  layout: 'kn' | 'nk';
  /** [N] f32 */
  bias?: Tensor;
  activation?: KernelActivation;
  /** [T, N] f32, added last */
  residual?: Tensor;
  /** Default by the number of rows. */
  blocking?: Blocking;
}

/**
 * activation(x · W + bias) + residual.
 * @returns scratch [T, N] f32
 * @throws FacetError `bug` when the shapes do not fit
 */
export function matmul(
  batch: Batch,
  { x, weights, layout, bias, activation = 'none', residual, blocking }: MatmulArguments,
): Tensor {
  const [nRows = 0, k = 0] = x.shape;
  const [wk, n = 0] = layout === 'kn' ? weights.shape : [weights.shape[1], weights.shape[0]];
  const fits = wk === k && k % 4 === 0 && (layout === 'nk' || n % 4 === 0);
  if (
    !fits ||
    (bias && bias.shape[0] !== n) ||
    (residual && (residual.shape[0] !== nRows || residual.shape[1] !== n))
  ) {
    throw shapeError('matmul', `shapes do not fit layout ${layout}`, {
      x,
      weights,
      ...(bias && { bias }),
      ...(residual && { residual }),
    });
  }
  const y = batch.scratch([nRows, n]);
  const tensors = { x, w: weights, bias: bias ?? x, residual: residual ?? x, y };
  const rest = {
    has_bias: bias ? 1 : 0,
    has_residual: residual ? 1 : 0,
    kind: ACTIVATION_NUMBERS[activation],
  };
  const cost = {
    flops: 2 * nRows * k * n,
    bytes: 4 * nRows * (k + n) + byteLengthOf(weights.shape, weights.dtype) + (residual ? 4 * nRows * n : 0),
  };
  const block = blocking ?? defaultBlocking(nRows, layout);
  const width = layout === 'kn' ? n / 4 : n;
  const groups = [Math.ceil(width / block.cols / 4), Math.ceil(nRows / block.rows / 4)] as const;
  if (layout === 'kn') {
    batch.run(cached('kn', block, knFor), {
      dims: { n_rows: nRows, k4: k / 4, n4: n / 4, ...rest },
      tensors,
      groups,
      cost,
    });
  } else {
    batch.run(cached('nk', block, nkFor), {
      dims: { n_rows: nRows, k4: k / 4, n, ...rest },
      tensors,
      groups,
      cost,
    });
  }
  return y;
}

/** One row leaves nothing to share, so every column gets an invocation of its own. */
function defaultBlocking(nRows: number, layout: 'kn' | 'nk'): Blocking {
  if (nRows === 1) return { rows: 1, cols: 1 };
  if (nRows < 4) return { rows: nRows, cols: 2 };
  return layout === 'kn' ? { rows: 8, cols: 2 } : { rows: 8, cols: 4 };
}

export const matmulKnKernel = cached('kn', { rows: 8, cols: 2 }, knFor);
export const matmulNkKernel = cached('nk', { rows: 8, cols: 4 }, nkFor);
