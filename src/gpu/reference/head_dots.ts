/** Plain f64 products of heads' rows; see `kernels/head_dots.ts`. */
export function headDotsReference(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  { nRows, nHeads, nKvHeads, dHead }: { nRows: number; nHeads: number; nKvHeads: number; dHead: number },
): Float64Array {
  const dots = new Float64Array(nHeads * nRows);
  for (let t = 0; t < nRows; t++)
    for (let head = 0; head < nHeads; head++)
      for (let i = 0; i < dHead; i++) {
        const shared = Math.floor((head * nKvHeads) / nHeads);
        dots[head * nRows + t]! +=
          a[(t * nKvHeads + shared) * dHead + i]! * b[(t * nHeads + head) * dHead + i]!;
      }
  return dots;
}
