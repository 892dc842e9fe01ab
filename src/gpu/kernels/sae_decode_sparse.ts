import source from '../../shaders/sae_decode_sparse.wgsl?raw';
import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { shapeError } from '../shape-error.ts';
import type { Tensor } from '../tensor.ts';

export const saeDecodeSparseKernel = defineKernel({
  name: 'sae_decode_sparse',
  source,
  dims: { n_tok: 'u32', k: 'u32', d4: 'u32', n_latents: 'u32' },
  tensors: { indices: 'read', values: 'read', w_dec: 'weights', b_dec: 'read', x_hat: 'write' },
  overrides: { wg: 16 },
});

/**
 * Reconstruction from kept features: x̂ = b_dec + Σ_k values · W_dec[indices].
 * @param indices [T, k] u32; an index of F or more (padding is 0xffffffff) is skipped, repeats add
 * @param values  [T, k] f32
 * @param wDec    weights [F, d], one direction a row, d % 4 = 0
 * @param bDec    [d] f32
 * @returns scratch x̂ [T, d]
 * @throws FacetError `bug` when the shapes do not fit
 * @source TopK SAE: Gao et al. 2024, arXiv:2406.04093
 */
export function saeDecodeSparse(
  batch: Batch,
  { indices, values, wDec, bDec }: { indices: Tensor; values: Tensor; wDec: Tensor; bDec: Tensor },
): Tensor {
  const [nTok = 0, k = 0] = indices.shape;
  const [nLatents = 0, d = 0] = wDec.shape;
  const codes = indices.shape.length === 2 && indices.shape.join() === values.shape.join();
  if (!codes || indices.dtype !== 'u32' || d % 4 !== 0 || bDec.shape[0] !== d) {
    throw shapeError('sae_decode_sparse', 'd must be a multiple of 4 and equal for both', {
      indices,
      values,
      wDec,
      bDec,
    });
  }
  const xHat = batch.scratch([nTok, d]);
  batch.run(saeDecodeSparseKernel, {
    dims: { n_tok: nTok, k, d4: d / 4, n_latents: nLatents },
    tensors: { indices, values, w_dec: wDec, b_dec: bDec, x_hat: xHat },
    groups: [Math.ceil(d / 64), nTok],
    cost: {
      flops: 2 * nTok * k * d,
      bytes: nTok * k * (8 + d * (wDec.dtype === 'f16' ? 2 : 4)) + 4 * (d + nTok * d),
    },
  });
  return xHat;
}
