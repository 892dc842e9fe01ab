import source from '../../shaders/sae_rescore_groups.wgsl?raw';
import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { shapeError } from '../shape-error.ts';
import type { Tensor } from '../tensor.ts';
import { GROUP } from './sae_group_max.ts';

export const saeRescoreGroupsKernel = defineKernel({
  name: 'sae_rescore_groups',
  source,
  dims: { n_tok: 'u32', d4: 'u32', f4: 'u32', n_latents: 'u32', n_chosen: 'u32', neg_inf: 'f32' },
  tensors: {
    x: 'read',
    w_enc: 'weights',
    b_enc: 'read',
    chosen: 'read',
    p: 'write',
    latents: 'write',
  },
  overrides: { wg: 16 },
});

/**
 * Pre-activations of the latents in the chosen groups of each token.
 * @param x      [T, d] f32, d % 4 = 0
 * @param wEnc   weights [d, F padded to a multiple of 4]
 * @param bEnc   [F] f32
 * @param chosen [T, c] u32, distinct groups of 16 latents in each row
 * @returns scratch `p` [T, c · 16] in ascending latent order, −∞ beyond F, and `latents` [T, c · 4] u32: the latent of
 *   every fourth entry of p, the next three following it
 * @throws FacetError `bug` when the shapes do not fit
 */
export function saeRescoreGroups(
  batch: Batch,
  { x, wEnc, bEnc, chosen }: { x: Tensor; wEnc: Tensor; bEnc: Tensor; chosen: Tensor },
): { p: Tensor; latents: Tensor } {
  const [nTok = 0, d = 0] = x.shape;
  const [rows = 0, padded = 0] = wEnc.shape;
  const [nLatents = 0] = bEnc.shape;
  const [tokens = 0, nChosen = 0] = chosen.shape;
  if (rows !== d || tokens !== nTok || d % 4 !== 0 || padded % 4 !== 0 || padded < nLatents) {
    throw shapeError('sae_rescore_groups', 'shapes do not fit', { x, wEnc, bEnc, chosen });
  }
  const p = batch.scratch([nTok, nChosen * GROUP]);
  const latents = batch.scratch([nTok, nChosen * 4], 'u32');
  batch.run(saeRescoreGroupsKernel, {
    dims: {
      n_tok: nTok,
      d4: d / 4,
      f4: padded / 4,
      n_latents: nLatents,
      n_chosen: nChosen,
      neg_inf: -Infinity,
    },
    tensors: { x, w_enc: wEnc, b_enc: bEnc, chosen, p, latents },
    groups: [Math.ceil((nChosen * 4) / 16), nTok],
    cost: {
      flops: 2 * nTok * d * nChosen * GROUP,
      bytes:
        4 * (nTok * d + nTok * nChosen * (GROUP + 5)) +
        nTok * nChosen * GROUP * d * (wEnc.dtype === 'f16' ? 2 : 4),
    },
  });
  return { p, latents };
}
