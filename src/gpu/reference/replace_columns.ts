/** See `kernels/replace_columns.ts`. */
export function replaceColumnsReference(
  x: Float32Array,
  row: Float32Array,
  keep: Float32Array,
  fromRow: number,
): Float32Array {
  const d = row.length;
  return x.map((value, i) => (Math.floor(i / d) >= fromRow && keep[i % d] === 0 ? row[i % d]! : value));
}
