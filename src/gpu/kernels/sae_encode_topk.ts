import type { Batch } from '../batch.ts';
import { shapeError } from '../shape-error.ts';
import type { Tensor } from '../tensor.ts';
import { saeGroupMax } from './sae_group_max.ts';
import { saeMergeTopK } from './sae_merge_topk.ts';
import { saeRescoreGroups } from './sae_rescore_groups.ts';
import { subtractRow } from './subtract_row.ts';
import { topKRows } from './topk_rows.ts';

/**
 * TopK encoding: p = (x − b_dec) · W_enc + b_enc, the k largest p of each token, then ReLU. [T, F] is never stored.
 *
 * The encoder matmul keeps one number per token and group of 16 latents, the group's largest p. The k groups with the
 * largest maxima (ties to the lowest group) contain the k largest p (ties to the lowest latent): were a group with one
 * of them left out, each of the k groups before it would hold a latent that comes before it. Those k groups are
 * computed again, and the k best of their 16 k latents are the result.
 * @param x    [T, d] f32, d % 4 = 0
 * @param wEnc weights [d, F padded to a multiple of 4]; the padding is never selected
 * @param bEnc [F] f32; its length says how many latents there are
 * @param bDec [d] f32, subtracted from x first when present
 * @param k    at least 1; beyond F the rest is padding
 * @returns scratch `indices` [T, k] u32 and `values` [T, k] f32, largest first, ties by lowest latent; kept entries
 *   with p ≤ 0 become padding (index 0xffffffff, value 0) at the end of the row
 * @throws FacetError `bug` when the shapes do not fit
 * @source TopK SAE: Gao et al. 2024, arXiv:2406.04093
 */
export function saeEncodeTopK(
  batch: Batch,
  { x, wEnc, bEnc, bDec, k }: { x: Tensor; wEnc: Tensor; bEnc: Tensor; bDec?: Tensor; k: number },
): { indices: Tensor; values: Tensor } {
  if (!Number.isInteger(k) || k < 1) {
    throw shapeError('sae_encode_topk', `k must be a whole number of at least 1, not ${k}`, {
      x,
      wEnc,
      bEnc,
    });
  }
  const centred = bDec ? subtractRow(batch, { x, row: bDec }) : x;
  const maxima = saeGroupMax(batch, { x: centred, wEnc, bEnc });
  const nGroups = maxima.shape[1]!;
  const groups = topKRows(batch, { x: maxima, k: Math.min(k, nGroups) });
  batch.release(maxima, groups.values);
  const { p, latents } = saeRescoreGroups(batch, { x: centred, wEnc, bEnc, chosen: groups.indices });
  batch.release(groups.indices);
  if (bDec) batch.release(centred);
  const codes = saeMergeTopK(batch, { p, latents, k });
  batch.release(p, latents);
  return codes;
}
