import source from '../../shaders/unembed_rescore.wgsl?raw';
import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { rowGroups } from '../row-groups.ts';
import { shapeError } from '../shape-error.ts';
import type { Tensor } from '../tensor.ts';
import { UNEMBED_GROUP, unembedCommon, type Unembedding, unembedParts } from './unembed_scan.ts';

export const unembedRescoreKernel = defineKernel({
  name: 'unembed_rescore',
  source: `${unembedCommon.shared}\n${source}`,
  dims: unembedCommon.dims,
  tensors: { x: 'read', w: 'weights', bias: 'read', chosen: 'read', logits: 'write', best: 'write' },
  overrides: { wg: 16, nk: 0 },
});

/**
 * Logits of a few groups of 16 columns of each row.
 * @param x [T, K] f32 as `unembedScan`
 * @param chosen [T, c] u32, groups among ⌈V / 16⌉
 * @returns scratch `logits` [T, c · 16] in the order of `chosen`, −∞ beyond V, and `best` [T, c], the largest of each group
 * @throws FacetError `bug` when the shapes do not fit
 */
export function unembedRescore(
  batch: Batch,
  { x, chosen, ...unembedding }: Unembedding & { x: Tensor; chosen: Tensor },
): { logits: Tensor; best: Tensor } {
  const [nRows = 0, k = 0] = x.shape;
  const [rows, perRow = 0] = chosen.shape;
  const { parts } = unembedParts(unembedding, x);
  if (rows !== nRows || chosen.dtype !== 'u32')
    throw shapeError('unembed_rescore', 'chosen groups for every row', { x, chosen });
  const logits = batch.scratch([nRows, perRow * UNEMBED_GROUP]);
  const best = batch.scratch([nRows, perRow]);
  const { layout, bias, cap = 0 } = unembedding;
  for (const { w, column, n } of parts) {
    batch.run(unembedRescoreKernel, {
      dims: {
        n_rows: nRows,
        k4: k / 4,
        n,
        has_bias: bias ? 1 : 0,
        cap,
        column,
        per_row: perRow,
        neg_inf: -Infinity,
      },
      tensors: { x, w, bias: bias ?? x, chosen, logits, best },
      groups: [Math.ceil(perRow / 16), ...rowGroups(nRows)],
      overrides: { nk: layout === 'nk' ? 1 : 0 },
      cost: {
        flops: 2 * nRows * perRow * UNEMBED_GROUP * k,
        bytes: x.byteLength + nRows * perRow * (UNEMBED_GROUP * (4 + (k * w.byteLength) / (n * k)) + 8),
      },
    });
  }
  return { logits, best };
}
