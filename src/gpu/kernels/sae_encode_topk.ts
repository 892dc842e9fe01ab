import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { shapeError } from '../shape-error.ts';
import type { Tensor } from '../tensor.ts';
import { encoderShape, type GroupMaxVariant, type GroupSize, saeGroupMax } from './sae_group_max.ts';
import { saeRescoreGroups } from './sae_rescore_groups.ts';
import { subtractRow } from './subtract_row.ts';
import { topKGroupMax } from './topk_group_max.ts';
import { topKGroups } from './topk_groups.ts';
import { topKRows } from './topk_rows.ts';

/** Large groups leave fewer maxima to rank, small ones fewer latents to compute again. */
const GROUP: GroupSize = 8;

/** All of it at once, for the processor alone: selecting costs next to nothing where a core holds the rows' best. */
export const saeEncodeTopKKernel = defineKernel({
  name: 'sae_encode_topk',
  source: '',
  dims: { n_tok: 'u32', d4: 'u32', f4: 'u32', n_latents: 'u32', has_b_dec: 'u32', k: 'u32' },
  tensors: { x: 'read', w_enc: 'weights', b_enc: 'read', b_dec: 'read', indices: 'write', values: 'write' },
});

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
  if (batch.gpu.backend === 'cpu') return encodeAtOnce(batch, { x, wEnc, bEnc, bDec, k });
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

function encodeAtOnce(
  batch: Batch,
  { x, wEnc, bEnc, bDec, k }: { x: Tensor; wEnc: Tensor; bEnc: Tensor; bDec?: Tensor; k: number },
): { indices: Tensor; values: Tensor } {
  const { nTok, d, nLatents, width } = encoderShape('sae_encode_topk', { x, wEnc, bEnc });
  if (bDec && bDec.shape[0] !== d) throw shapeError('sae_encode_topk', 'b_dec is as wide as x', { x, bDec });
  const indices = batch.scratch([nTok, k], 'u32');
  const values = batch.scratch([nTok, k]);
  batch.run(saeEncodeTopKKernel, {
    dims: { n_tok: nTok, d4: d / 4, f4: width / 4, n_latents: nLatents, has_b_dec: bDec ? 1 : 0, k },
    // What is left out is never read.
    tensors: { x, w_enc: wEnc, b_enc: bEnc, b_dec: bDec ?? x, indices, values },
    groups: [1],
    cost: { flops: 2 * nTok * d * nLatents, bytes: x.byteLength + wEnc.byteLength + 8 * nTok * k },
  });
  return { indices, values };
}
