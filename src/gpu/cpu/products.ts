import { type View, weightReader } from './view.ts';

export interface Product {
  /** [nRows, k] */
  x: Float32Array;
  weights: View;
  /** Whether the weights are [n, k], one row a column of the result; else [k, n]. */
  nk: boolean;
  nRows: number;
  k: number;
  n: number;
  /** Values from a row of the weights to the next, where they are [k, n]; default n. */
  stride?: number;
}

/** Rows that share each weight that is read, in doubles that stay in the cache. */
const ROWS = 16;

/** Calls with every row of x · W in turn, [n]; the array is used again for others. */
export function eachProduct(
  { x, weights, nk, nRows, k, n, stride = n }: Product,
  visit: (row: number, sums: Float64Array) => void,
): void {
  const read = weightReader(weights, nk ? k : n);
  const sums = new Float64Array(Math.min(ROWS, nRows) * n);
  for (let first = 0; first < nRows; first += ROWS) {
    const rows = Math.min(ROWS, nRows - first);
    if (nk) {
      for (let column = 0; column < n; column++) {
        const w = read(column * k, k);
        for (let r = 0; r < rows; r++) {
          const start = (first + r) * k;
          let sum = 0;
          for (let i = 0; i < k; i++) sum += x[start + i]! * w[i]!;
          sums[r * n + column] = sum;
        }
      }
    } else {
      sums.fill(0);
      for (let i = 0; i < k; i++) {
        const w = read(i * stride, n);
        for (let r = 0; r < rows; r++) {
          const factor = x[(first + r) * k + i]!;
          const at = r * n;
          for (let column = 0; column < n; column++) sums[at + column]! += factor * w[column]!;
        }
      }
    }
    for (let r = 0; r < rows; r++) visit(first + r, sums.subarray(r * n, (r + 1) * n));
  }
}
