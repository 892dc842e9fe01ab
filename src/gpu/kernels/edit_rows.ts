import source from '../../shaders/edit_rows.wgsl?raw';
import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { rowGroups } from '../row-groups.ts';
import { shapeError } from '../shape-error.ts';
import type { Tensor } from '../tensor.ts';

export const editRowsKernel = defineKernel({
  name: 'edit_rows',
  source,
  dims: {
    n_rows: 'u32',
    d4: 'u32',
    from4: 'u32',
    count4: 'u32',
    n_source: 'u32',
    factor: 'f32',
    constant: 'f32',
    by_value: 'f32',
    has_values: 'u32',
    has_scales: 'u32',
  },
  tensors: { x: 'read', rows: 'read', source: 'read', values: 'read', scales: 'read', y: 'write' },
  overrides: { wg: 64 },
});

/** In `rows`: the row stays as it is. */
export const STAYS = 0xffffffff;

export interface RowsAdded {
  /** [n, count] f32 */
  source: Tensor;
  /** Weight of the source; default 1. */
  constant?: number;
  /** [T] f32, of which `by` times a row's own is added to its weight. */
  values?: { tensor: Tensor; by: number };
  /** [T, 4] of `rowScale`: the weight is multiplied by a row's factor back. */
  scales?: Tensor;
}

/**
 * factor · x + weight · source in some columns of some rows, where weight = (constant + by · values) · scales; all else
 * stays as it is, bit for bit.
 * @param x       [T, d] f32, d % 4 = 0
 * @param rows    [T] u32: the row of the source each row takes, or `STAYS`
 * @param columns multiples of 4; default all
 * @param factor  default 1; where it is 0, x is not looked at
 * @param added   default nothing
 * @returns scratch [T, d]
 * @throws FacetError `bug` when the shapes do not fit
 */
export function editRows(
  batch: Batch,
  {
    x,
    rows,
    columns,
    factor = 1,
    added,
  }: {
    x: Tensor;
    rows: Tensor;
    columns?: { from: number; count: number };
    factor?: number;
    added?: RowsAdded;
  },
): Tensor {
  const [nRows = 0, d = 0] = x.shape;
  const { from, count } = columns ?? { from: 0, count: d };
  const { source: taken, constant = 1, values, scales } = added ?? {};
  const fits =
    x.shape.length === 2 &&
    [d, from, count].every((size) => size % 4 === 0) &&
    from + count <= d &&
    rows.dtype === 'u32' &&
    rows.shape.join() === `${nRows}` &&
    (!taken || (taken.shape.length === 2 && taken.shape[0]! > 0 && taken.shape[1] === count)) &&
    (!values || values.tensor.shape.join() === `${nRows}`) &&
    (!scales || scales.shape.join() === `${nRows},4`);
  if (!fits)
    throw shapeError('edit_rows', `shapes do not fit for ${count} columns from ${from}`, {
      x,
      rows,
      ...(taken && { source: taken }),
      ...(values && { values: values.tensor }),
      ...(scales && { scales }),
    });
  const y = batch.scratch([nRows, d]);
  batch.run(editRowsKernel, {
    dims: {
      n_rows: nRows,
      d4: d / 4,
      from4: from / 4,
      count4: count / 4,
      n_source: taken?.shape[0] ?? 0,
      factor,
      constant,
      by_value: values?.by ?? 0,
      has_values: values ? 1 : 0,
      has_scales: scales ? 1 : 0,
    },
    // What is left out is never read, but a binding needs a buffer.
    tensors: { x, rows, source: taken ?? x, values: values?.tensor ?? x, scales: scales ?? x, y },
    groups: [Math.ceil(d / 256), ...rowGroups(nRows)],
    cost: { flops: 3 * nRows * count, bytes: 8 * nRows * d + 4 * nRows * count },
  });
  return y;
}
