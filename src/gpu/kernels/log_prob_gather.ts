import source from '../../shaders/log_prob_gather.wgsl?raw';
import shared from '../../shaders/shared/exp_sum.wgsl?raw';
import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { rowGroups } from '../row-groups.ts';
import { shapeError } from '../shape-error.ts';
import type { Tensor } from '../tensor.ts';

export const logProbGatherKernel = defineKernel({
  name: 'log_prob_gather',
  source: `${shared}\n${source}`,
  dims: { n_rows: 'u32', n_cols: 'u32', neg_inf: 'f32' },
  tensors: { logits: 'read', targets: 'read', log_prob: 'write', lse: 'write' },
  overrides: { wg: 64 },
});

/**
 * Natural log probability of one target in each row, without storing probabilities.
 * @param logits  [T, V] f32; −∞ is a forbidden token, at least one entry of a row is finite
 * @param targets [T] u32; one of V or more gives −∞
 * @returns scratch `logProb` [T] = logits[t, target] − lse and `lse` [T] = ln Σ exp(logits), nats
 * @throws FacetError `bug` when the shapes do not fit
 */
export function logProbGather(
  batch: Batch,
  { logits, targets }: { logits: Tensor; targets: Tensor },
): { logProb: Tensor; lse: Tensor } {
  const [nRows = 0, nCols = 0] = logits.shape;
  if (logits.shape.length !== 2 || targets.shape[0] !== nRows || targets.dtype !== 'u32') {
    throw shapeError('log_prob_gather', 'one u32 target per row', { logits, targets });
  }
  const logProb = batch.scratch([nRows]);
  const lse = batch.scratch([nRows]);
  batch.run(logProbGatherKernel, {
    dims: { n_rows: nRows, n_cols: nCols, neg_inf: -Infinity },
    tensors: { logits, targets, log_prob: logProb, lse },
    groups: rowGroups(nRows),
    cost: { flops: 4 * nRows * nCols, bytes: 4 * (nRows * nCols + 3 * nRows) },
  });
  return { logProb, lse };
}
