import source from '../../shaders/kl_rows.wgsl?raw';
import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { rowGroups } from '../row-groups.ts';
import { shapeError } from '../shape-error.ts';
import type { Tensor } from '../tensor.ts';
import { logProbGather } from './log_prob_gather.ts';

export const klRowsKernel = defineKernel({
  name: 'kl_rows',
  source,
  dims: { n_rows: 'u32', n_cols: 'u32', neg_inf: 'f32' },
  tensors: { p: 'read', q: 'read', lse_p: 'read', lse_q: 'read', kl: 'write' },
  overrides: { wg: 64 },
});

/**
 * KL(softmax p ‖ softmax q) of each row; never negative, and 0 where the rows are the same.
 * @param p [T, V] f32 logits; −∞ is a forbidden token, at least one entry of a row is finite
 * @param q [T, V] f32 logits; −∞ where p is not gives +∞
 * @param lse [T] each, as `logProbGather` gives it, where it is there already
 * @returns scratch [T], nats
 * @throws FacetError `bug` when the shapes do not fit
 */
export function klRows(
  batch: Batch,
  { p, q, lse = {} }: { p: Tensor; q: Tensor; lse?: { p?: Tensor; q?: Tensor } },
): Tensor {
  const [nRows = 0, nCols = 0] = p.shape;
  if (p.shape.length !== 2 || p.shape.join() !== q.shape.join()) {
    throw shapeError('kl_rows', 'both must be [T, V]', { p, q });
  }
  if ([lse.p, lse.q].some((given) => given && given.shape[0] !== nRows)) {
    throw shapeError('kl_rows', 'one sum per row', { p, ...lse });
  }
  const ofP = lse.p ?? lseOf(batch, p);
  const ofQ = lse.q ?? lseOf(batch, q);
  const kl = batch.scratch([nRows]);
  batch.run(klRowsKernel, {
    dims: { n_rows: nRows, n_cols: nCols, neg_inf: -Infinity },
    tensors: { p, q, lse_p: ofP, lse_q: ofQ, kl },
    groups: rowGroups(nRows),
    cost: { flops: 12 * nRows * nCols, bytes: 4 * (2 * nRows * nCols + 3 * nRows) },
  });
  if (!lse.p) batch.release(ofP);
  if (!lse.q) batch.release(ofQ);
  return kl;
}

function lseOf(batch: Batch, logits: Tensor): Tensor {
  const [rows = 0] = logits.shape;
  const targets = batch.input(new Uint32Array(rows), [rows]);
  const { logProb, lse } = logProbGather(batch, { logits, targets });
  batch.release(logProb, targets);
  return lse;
}
