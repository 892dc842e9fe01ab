import type { Batch } from '../batch.ts';
import { shapeError } from '../shape-error.ts';
import type { Tensor } from '../tensor.ts';
import { logProbJoin } from './log_prob_join.ts';
import { topKGroups } from './topk_groups.ts';
import { topKRows } from './topk_rows.ts';
import { unembedRescore } from './unembed_rescore.ts';
import { UNEMBED_GROUP, type Unembedding, unembedParts, unembedScan } from './unembed_scan.ts';

/**
 * Log probabilities of targets and the k likeliest columns of x · W, without storing it: an eighth of its size is kept for a
 * while. The matmul keeps the largest logit and a sum of exponentials of each group of 16 columns; the k groups with the
 * largest bests (ties to the lowest) contain the k best logits, as in `saeEncodeTopK`, and only those are computed again.
 * @param x [T, K] f32, K % 4 = 0
 * @param targets [T] u32; one of V or more gives −∞
 * @param k 0: no columns are wanted
 * @returns scratch `logProb` [T], `lse` [T], nats, and with k > 0 `top`: `indices` [T, k] u32 and `values` [T, k], logits,
 *   best first, ties to the lowest column; beyond V padding with index 0xffffffff and value 0
 * @throws FacetError `bug` when the shapes do not fit
 */
export function unembedPredict(
  batch: Batch,
  { x, targets, k, ...unembedding }: Unembedding & { x: Tensor; targets: Tensor; k: number },
): { logProb: Tensor; lse: Tensor; top?: { indices: Tensor; values: Tensor } } {
  if (!Number.isInteger(k) || k < 0)
    throw shapeError('unembed_predict', `k must be whole, not ${k}`, { x, targets });
  const { nCols } = unembedParts(unembedding, x);
  const scanned = unembedScan(batch, { x, targets, ...unembedding });
  const { m, s, chosen: ofTargets } = scanned;
  const sums = logProbJoin(batch, { ...scanned, targets, nCols });
  batch.release(s, ofTargets);
  if (k === 0) {
    batch.release(m);
    return sums;
  }
  const groups = topKRows(batch, { x: m, k: Math.min(k, m.shape[1]!) });
  batch.release(m, groups.values);
  const { indices: chosen } = groups;
  // Bests are taken again: another kernel's sum of the same products may round differently.
  const { logits, best } = unembedRescore(batch, { x, chosen, ...unembedding });
  const top = topKGroups(batch, {
    x: logits,
    holds: 'chosen',
    chosen,
    best,
    group: UNEMBED_GROUP,
    nCols,
    k,
    sign: 1,
  });
  batch.release(logits, best, chosen);
  return { ...sums, top };
}
