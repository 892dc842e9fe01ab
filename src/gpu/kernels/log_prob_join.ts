import source from '../../shaders/log_prob_join.wgsl?raw';
import shared from '../../shaders/shared/exp_sum.wgsl?raw';
import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { rowGroups } from '../row-groups.ts';
import { shapeError } from '../shape-error.ts';
import type { Tensor } from '../tensor.ts';
import type { ScannedLogits } from './unembed_scan.ts';

export const logProbJoinKernel = defineKernel({
  name: 'log_prob_join',
  source: `${shared}\n${source}`,
  dims: { n_rows: 'u32', n_groups: 'u32', n_cols: 'u32', neg_inf: 'f32' },
  tensors: { m: 'read', s: 'read', chosen: 'read', targets: 'read', log_prob: 'write', lse: 'write' },
  overrides: { wg: 64 },
});

/**
 * What `logProbGather` gives, from what `unembedScan` kept.
 * @param targets [T] u32, as given to the scan; one of `nCols` or more gives −∞
 * @param nCols columns that were scanned
 * @returns scratch `logProb` [T] and `lse` [T], nats
 * @throws FacetError `bug` when the shapes do not fit
 */
export function logProbJoin(
  batch: Batch,
  { m, s, chosen, targets, nCols }: ScannedLogits & { targets: Tensor; nCols: number },
): { logProb: Tensor; lse: Tensor } {
  const [nRows = 0, nGroups = 0] = m.shape;
  if (s.shape.join() !== m.shape.join() || chosen.shape[0] !== nRows || targets.shape[0] !== nRows)
    throw shapeError('log_prob_join', 'as many rows everywhere', { m, s, chosen, targets });
  const logProb = batch.scratch([nRows]);
  const lse = batch.scratch([nRows]);
  batch.run(logProbJoinKernel, {
    dims: { n_rows: nRows, n_groups: nGroups, n_cols: nCols, neg_inf: -Infinity },
    tensors: { m, s, chosen, targets, log_prob: logProb, lse },
    groups: rowGroups(nRows),
    cost: { flops: 6 * nRows * nGroups, bytes: 8 * nRows * nGroups + 16 * nRows },
  });
  return { logProb, lse };
}
