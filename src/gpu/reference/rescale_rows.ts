/** Plain f64 shifting and scaling of rows; see `kernels/rescale_rows.ts`. */
export function rescaleRowsReference(
  x: ArrayLike<number>,
  scales: ArrayLike<number>,
  d: number,
  options: { row?: ArrayLike<number>; back?: boolean },
): Float64Array {
  return Float64Array.from(x, (value, i) => {
    const [shift = 0, into = 0, out = 0] = [0, 1, 2].map((part) => scales[4 * Math.floor(i / d) + part]!);
    return options.back ? value * out + shift : (value - shift) * into - (options.row?.[i % d] ?? 0);
  });
}
