import type { WeightDType } from '../tensor.ts';
import { DTYPES, type Wasm, withScratch } from '../wasm/index.ts';
import type { View } from './view.ts';

export interface Product {
  /** Address of [nRows, k] */
  x: number;
  weights: View;
  /** Whether the weights are [n, k], one row a column of the result; else [k, n]. */
  nk: boolean;
  nRows: number;
  k: number;
  n: number;
  /** Address of [n], added. */
  bias?: number;
  /** Soft-caps what comes out: cap · tanh(y / cap). */
  cap?: number;
}

/** Number of the type of weights. */
export function dtypeOf({ dtype }: View): number {
  return DTYPES[dtype as WeightDType];
}

/** y = activation(x · W + bias), capped, + residual, into `y`; what is left out or 0 is not there. */
export function multiply(
  wasm: Wasm,
  {
    x,
    weights,
    nk,
    nRows,
    k,
    n,
    bias = 0,
    cap = 0,
    y,
    residual = 0,
    kind = 0,
    width = n,
    column = 0,
  }: Product & { y: number; residual?: number; kind?: number; width?: number; column?: number },
): void {
  withScratch(wasm, wasm.matmulScratch(nRows, k), (scratch) => {
    const w = weights.ptr;
    const layout = nk ? 1 : 0;
    const dtype = dtypeOf(weights);
    wasm.matmul(x, w, dtype, layout, nRows, k, n, bias, residual, y, width, column, kind, cap, scratch);
  });
}

/** Most bytes of products that exist at once. */
const MOST_BYTES = 16 * 2 ** 20;

/** Calls with the address of every row of x · W in turn, [n]; what lies there is used again for others. */
export function eachProduct(wasm: Wasm, product: Product, visit: (row: number, sums: number) => void): void {
  const { x, nRows, k, n } = product;
  const most = Math.max(1, Math.min(nRows, Math.floor(MOST_BYTES / (4 * n))));
  withScratch(wasm, 4 * most * n, (y) => {
    for (let first = 0; first < nRows; first += most) {
      const rows = Math.min(most, nRows - first);
      multiply(wasm, { ...product, x: x + 4 * first * k, nRows: rows, y });
      for (let r = 0; r < rows; r++) visit(first + r, y + 4 * r * n);
    }
  });
}
