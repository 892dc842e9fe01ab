import type { TopKReference } from './topk_rows.ts';

/** Plain merge of the sorted lists of each row, earlier lists first among equals; see `kernels/topk_merge.ts`. */
export function topKMergeReference(
  indices: Uint32Array,
  values: ArrayLike<number>,
  nRows: number,
  k: number,
  sign: 1 | -1,
): TopKReference {
  const perRow = nRows === 0 ? 0 : indices.length / nRows;
  const merged = {
    indices: new Uint32Array(nRows * k).fill(0xffffffff),
    values: new Float64Array(nRows * k),
  };
  for (let row = 0; row < nRows; row++) {
    const entries = Array.from({ length: perRow }, (_, i) => row * perRow + i).filter(
      (entry) => indices[entry] !== 0xffffffff,
    );
    // Array.sort is stable, so equal values keep the order of their lists.
    entries.sort((a, b) => (values[a] === values[b] ? 0 : values[a]! > values[b]! ? -1 : 1));
    entries.slice(0, k).forEach((entry, place) => {
      merged.indices[row * k + place] = indices[entry]!;
      merged.values[row * k + place] = values[entry]! * sign;
    });
  }
  return merged;
}
