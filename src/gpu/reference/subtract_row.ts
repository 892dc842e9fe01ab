/** Plain f64 x − row; see `kernels/subtract_row.ts`. */
export function subtractRowReference(x: ArrayLike<number>, row: ArrayLike<number>): Float64Array {
  return Float64Array.from(x, (value, i) => value - row[i % row.length]!);
}
