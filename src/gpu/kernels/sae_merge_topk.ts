import source from '../../shaders/sae_merge_topk.wgsl?raw';
import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { shapeError } from '../shape-error.ts';
import type { Tensor } from '../tensor.ts';

export const saeMergeTopKKernel = defineKernel({
  name: 'sae_merge_topk',
  source,
  dims: { n_tok: 'u32', n_candidates: 'u32', k: 'u32', neg_inf: 'f32' },
  tensors: { p: 'read', latents: 'read', indices: 'write', values: 'write' },
  overrides: { wg: 64 },
});

/**
 * The k largest candidates of each token, then ReLU.
 * @param p       [T, n] f32 pre-activations in ascending latent order, n % 4 = 0
 * @param latents [T, n / 4] u32, the latent of every fourth candidate
 * @returns scratch `indices` [T, k] u32 and `values` [T, k] f32, largest first, ties by lowest latent; what is not
 *   above zero is padding: index 0xffffffff, value 0, after all others
 * @throws FacetError `bug` when the shapes do not fit
 */
export function saeMergeTopK(
  batch: Batch,
  { p, latents, k }: { p: Tensor; latents: Tensor; k: number },
): { indices: Tensor; values: Tensor } {
  const [nTok = 0, n = 0] = p.shape;
  if (n % 4 !== 0 || latents.shape[0] !== nTok || latents.shape[1] !== n / 4) {
    throw shapeError('sae_merge_topk', 'one latent for every four candidates', { p, latents });
  }
  const indices = batch.scratch([nTok, k], 'u32');
  const values = batch.scratch([nTok, k]);
  batch.run(saeMergeTopKKernel, {
    dims: { n_tok: nTok, n_candidates: n, k, neg_inf: -Infinity },
    tensors: { p, latents, indices, values },
    groups: [Math.ceil(Math.max(n, k) / 64), nTok],
    cost: { flops: nTok * n * Math.min(n, 4 * k), bytes: 4 * nTok * (n + n / 4 + 2 * k) },
  });
  return { indices, values };
}
