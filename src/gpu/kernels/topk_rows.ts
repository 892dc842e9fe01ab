import source from '../../shaders/topk_rows.wgsl?raw';
import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { shapeError } from '../shape-error.ts';
import type { Tensor } from '../tensor.ts';
import { rowGroups, topKMerge } from './topk_merge.ts';

export const topKRowsKernel = defineKernel({
  name: 'topk_rows',
  source,
  dims: {
    n_rows: 'u32',
    n_cols: 'u32',
    chunk: 'u32',
    n_chunks: 'u32',
    k: 'u32',
    sign: 'f32',
    last: 'u32',
    neg_inf: 'f32',
  },
  tensors: { x: 'read', indices: 'write', values: 'write' },
  overrides: { wg: 64 },
});

const CHUNK = 256;

/**
 * The k largest (or smallest) entries of each row, best first; ties go to the lowest column.
 * @param x [n_rows, n_cols] f32; infinities are ordered like other values, NaN is the worst and comes out as an infinity
 * @param k at least 1; beyond n_cols the rest is padding
 * @returns scratch tensors `indices` [n_rows, k] u32 and `values` [n_rows, k] f32; padding has index 0xffffffff, value 0
 * @throws FacetError `bug` when the shapes do not fit
 */
export function topKRows(
  batch: Batch,
  { x, k, order = 'largest' }: { x: Tensor; k: number; order?: 'largest' | 'smallest' },
): { indices: Tensor; values: Tensor } {
  const [nRows = 0, nCols = 0] = x.shape;
  if (x.shape.length !== 2 || !Number.isInteger(k) || k < 1) {
    throw shapeError('topk_rows', `expects a matrix and a whole k of at least 1, not ${k}`, { x });
  }
  const sign = order === 'largest' ? 1 : -1;
  const single = nCols <= 2 * CHUNK;
  const chunk = single ? Math.max(nCols, k) : CHUNK;
  const nChunks = single ? 1 : Math.ceil(nCols / chunk);
  const kept = Math.min(k, chunk);
  const shape = single ? [nRows, k] : [nRows, nChunks, kept];
  const lists = { indices: batch.scratch(shape, 'u32'), values: batch.scratch(shape) };
  batch.run(topKRowsKernel, {
    dims: {
      n_rows: nRows,
      n_cols: nCols,
      chunk,
      n_chunks: nChunks,
      k: kept,
      sign,
      last: single ? 1 : 0,
      neg_inf: -Infinity,
    },
    tensors: { x, ...lists },
    groups: [Math.ceil((nChunks * chunk) / 64), ...rowGroups(nRows)],
    cost: {
      flops: nRows * nCols * Math.min(chunk, 4 * k),
      bytes: 4 * nRows * nCols + 8 * nRows * nChunks * kept,
    },
  });
  return single ? lists : topKMerge(batch, { ...lists, k, sign });
}
