import type { Batch } from '../batch.ts';
import { shapeError } from '../shape-error.ts';
import type { Tensor } from '../tensor.ts';
import { type GroupMaxVariant, type GroupSize, saeGroupMax } from './sae_group_max.ts';
import { saeRescoreGroups } from './sae_rescore_groups.ts';
import { subtractRow } from './subtract_row.ts';
import { topKGroupMax } from './topk_group_max.ts';
import { topKGroups } from './topk_groups.ts';
import { topKRows } from './topk_rows.ts';

/** Large groups leave fewer maxima to rank, small ones fewer latents to compute again. */
const GROUP: GroupSize = 8;

/**
 * TopK encoding: p = (x − b_dec) · W_enc + b_enc, the k largest p of each token, then ReLU. [T, F] is never stored.
 *
 * The encoder matmul keeps one number per token and group of 8 latents, the group's largest p. The k groups with the
 * largest maxima (ties to the lowest group) contain the k largest p (ties to the lowest latent): were a group with one
 * of them left out, each of the k groups before it would hold a latent that comes before it. Those k groups are
 * computed again, and the k best of their 8 k latents are the result.
 * @param x    [T, d] f32, d % 4 = 0
 * @param wEnc weights [d, F padded to a multiple of 4]; the padding is never selected
 * @param bEnc [F] f32; its length says how many latents there are
 * @param bDec [d] f32, subtracted from x first when present
 * @param k    at least 1; beyond F the rest is padding
 * @param variant of the encoder matmul; default as in `saeGroupMax`
 * @returns scratch `indices` [T, k] u32 and `values` [T, k] f32, largest first, ties by lowest latent; kept entries
 *   with p ≤ 0 become padding (index 0xffffffff, value 0) at the end of the row
 * @throws FacetError `bug` when the shapes do not fit
 * @source TopK SAE: Gao et al. 2024, arXiv:2406.04093
 */
export function saeEncodeTopK(
  batch: Batch,
  {
    x,
    wEnc,
    bEnc,
    bDec,
    k,
    variant,
  }: { x: Tensor; wEnc: Tensor; bEnc: Tensor; bDec?: Tensor; k: number; variant?: GroupMaxVariant },
): { indices: Tensor; values: Tensor } {
  if (!Number.isInteger(k) || k < 1) {
    throw shapeError('sae_encode_topk', `k must be a whole number of at least 1, not ${k}`, {
      x,
      wEnc,
      bEnc,
    });
  }
  const centred = bDec ? subtractRow(batch, { x, row: bDec }) : x;
  const maxima = saeGroupMax(batch, { x: centred, wEnc, bEnc, group: GROUP, variant });
  const { indices: chosen, values } = topKRows(batch, { x: maxima, k: Math.min(k, maxima.shape[1]!) });
  batch.release(maxima, values);
  const p = saeRescoreGroups(batch, { x: centred, wEnc, bEnc, chosen, group: GROUP });
  if (bDec) batch.release(centred);
  // Taken again from p: another kernel's sum of the same products may round differently.
  const best = topKGroupMax(batch, { x: p, group: GROUP, sign: 1 });
  const nCols = bEnc.shape[0]!;
  const codes = topKGroups(batch, {
    x: p,
    holds: 'chosen',
    chosen,
    best,
    group: GROUP,
    nCols,
    k,
    sign: 1,
    relu: true,
  });
  batch.release(p, best, chosen);
  return codes;
}
