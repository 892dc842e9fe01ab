import type { Batch } from '../gpu/batch.ts';
import { replaceColumns } from '../gpu/kernels/replace_columns.ts';
import type { Tensor } from '../gpu/tensor.ts';
import type { Edit } from '../model/run-plan.ts';

/** Columns of an activation, e.g. one head's. */
export interface Columns {
  from: number;
  count: number;
}

/**
 * Puts `replacement` [T, width or count] in place of an activation for rows `fromRow` and up, and of its `columns` only
 * where they are given; everything else stays as it is.
 */
export function replaceRows(
  replacement: (batch: Batch, shape: readonly [number, number]) => Tensor,
  fromRow: number,
  columns?: Columns,
): Edit {
  return (batch, activation) => {
    const [rows = 0, width = 0] = activation.shape;
    const replaced = replacement(batch, [rows, columns?.count ?? width]);
    if (!columns) {
      const keep = Math.min(fromRow, rows) * width * 4;
      if (keep > 0) batch.copy(activation, replaced, { size: keep });
      return replaced;
    }
    const whole = batch.scratch([rows, width]);
    batch.copy(activation, whole);
    for (let row = fromRow; row < rows; row++) {
      batch.copy(replaced, whole, {
        fromOffset: 4 * row * columns.count,
        toOffset: 4 * (row * width + columns.from),
        size: 4 * columns.count,
      });
    }
    return whole;
  };
}

/** Puts zeros in place of an activation for rows `fromRow` and up, and of its `columns` only where they are given. */
export function zeroRows(fromRow: number, columns?: Columns): Edit {
  return (batch, x) => {
    const width = x.shape[1]!;
    const { from, count } = columns ?? { from: 0, count: width };
    const row = batch.input(new Float32Array(width), [width]);
    const keep = batch.input(new Float32Array(width).fill(1).fill(0, from, from + count), [width]);
    const y = replaceColumns(batch, { x, row, keep, fromRow });
    batch.release(row, keep);
    return y;
  };
}
