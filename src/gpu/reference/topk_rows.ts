export interface TopKReference {
  indices: Uint32Array;
  values: Float64Array;
}

/** Plain sorted selection, ties to the lowest column; see `kernels/topk_rows.ts`. */
export function topKRowsReference(
  x: ArrayLike<number>,
  nCols: number,
  k: number,
  order: 'largest' | 'smallest' = 'largest',
): TopKReference {
  const nRows = nCols === 0 ? 0 : x.length / nCols;
  const indices = new Uint32Array(nRows * k).fill(0xffffffff);
  const values = new Float64Array(nRows * k);
  const sign = order === 'largest' ? 1 : -1;
  for (let row = 0; row < nRows; row++) {
    const at = (column: number): number => x[row * nCols + column]! * sign;
    const columns = Array.from({ length: nCols }, (_, column) => column);
    columns.sort((a, b) => (at(a) === at(b) ? a - b : at(a) > at(b) ? -1 : 1));
    columns.slice(0, k).forEach((column, place) => {
      indices[row * k + place] = column;
      values[row * k + place] = x[row * nCols + column]!;
    });
  }
  return { indices, values };
}
