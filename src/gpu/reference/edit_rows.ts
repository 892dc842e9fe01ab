/** Plain f64 weighted rows; see `kernels/edit_rows.ts`. A row that stays takes row 0xffffffff. */
export function editRowsReference(
  x: ArrayLike<number>,
  rows: Uint32Array,
  edit: {
    from: number;
    count: number;
    factor: number;
    source?: ArrayLike<number>;
    constant: number;
    values?: { of: ArrayLike<number>; by: number };
    /** [T, 4] */
    scales?: ArrayLike<number>;
  },
): Float64Array {
  const d = x.length / rows.length;
  const { from, count, factor, source, constant, values, scales } = edit;
  return Float64Array.from(x, (value, i) => {
    const t = Math.floor(i / d);
    const column = (i % d) - from;
    if (rows[t] === 0xffffffff || column < 0 || column >= count) return value;
    const weight = (constant + (values ? values.by * values.of[t]! : 0)) * (scales ? scales[4 * t + 2]! : 1);
    const own = factor === 0 ? 0 : factor * value;
    return own + (source ? weight * source[rows[t]! * count + column]! : 0);
  });
}
