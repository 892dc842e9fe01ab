import source from '../../shaders/topk_merge.wgsl?raw';
import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { shapeError } from '../shape-error.ts';
import type { Tensor } from '../tensor.ts';

export const topKMergeKernel = defineKernel({
  name: 'topk_merge',
  source,
  dims: {
    n_rows: 'u32',
    n_lists: 'u32',
    k_in: 'u32',
    fan_in: 'u32',
    n_groups: 'u32',
    width: 'u32',
    k: 'u32',
    sign: 'f32',
    last: 'u32',
    neg_inf: 'f32',
  },
  tensors: { indices_in: 'read', values_in: 'read', indices: 'write', values: 'write' },
  overrides: { wg: 64 },
});

const FAN_IN = 8;
/** Rows go to y, then to z in steps of this many, because one axis holds at most 65,535 workgroups. */
export const ROWS_PER_Z = 32_768;

/** Rows spread over the y and z axes of a dispatch. */
export function rowGroups(nRows: number): [number, number] {
  return [Math.min(nRows, ROWS_PER_Z), Math.ceil(nRows / ROWS_PER_Z)];
}

/**
 * Merges the sorted lists of each row into one of `k`, in as many passes as their number needs. Releases its inputs.
 * @param indices [n_rows, n_lists, k_in] u32, padding 0xffffffff only at the end of the last list
 * @param values  [n_rows, n_lists, k_in] f32, descending (already multiplied by `sign`), −∞ at padding
 * @returns scratch tensors [n_rows, k]; padding has index 0xffffffff and value 0
 * @throws FacetError `bug` when the shapes do not fit
 */
export function topKMerge(
  batch: Batch,
  { indices, values, k, sign }: { indices: Tensor; values: Tensor; k: number; sign: 1 | -1 },
): { indices: Tensor; values: Tensor } {
  if (values.shape.length !== 3 || values.shape.join() !== indices.shape.join()) {
    throw shapeError('topk_merge', 'expects lists [n_rows, n_lists, k_in]', { indices, values });
  }
  let lists = { indices, values };
  for (;;) {
    const [nRows = 0, nLists = 0, kIn = 0] = lists.values.shape;
    const nGroups = Math.ceil(nLists / FAN_IN);
    const last = nGroups === 1;
    const kOut = last ? k : Math.min(k, FAN_IN * kIn);
    const width = Math.max(FAN_IN * kIn, kOut);
    const shape = last ? [nRows, k] : [nRows, nGroups, kOut];
    const merged = { indices: batch.scratch(shape, 'u32'), values: batch.scratch(shape) };
    batch.run(topKMergeKernel, {
      dims: {
        n_rows: nRows,
        n_lists: nLists,
        k_in: kIn,
        fan_in: FAN_IN,
        n_groups: nGroups,
        width,
        k: kOut,
        sign,
        last: last ? 1 : 0,
        neg_inf: -Infinity,
      },
      tensors: { indices_in: lists.indices, values_in: lists.values, ...merged },
      groups: [Math.ceil((nGroups * width) / 64), ...rowGroups(nRows)],
      cost: { flops: nRows * nLists * kIn * FAN_IN, bytes: 8 * nRows * (nLists * kIn + nGroups * kOut) },
    });
    batch.release(lists.indices, lists.values);
    if (last) return merged;
    lists = merged;
  }
}
