import { rowNormsReference } from './row_norms.ts';

/** Plain f64 cosine of every row with the query; see `kernels/cosine_rows.ts`. */
export function cosineRowsReference(rows: ArrayLike<number>, query: ArrayLike<number>): Float64Array {
  const d = query.length;
  const [length] = rowNormsReference(query, d);
  return rowNormsReference(rows, d).map((norm, f) => {
    let product = 0;
    for (let i = 0; i < d; i++) product += rows[f * d + i]! * query[i]!;
    return norm * length! > 0 ? product / (norm * length!) : 0;
  });
}
