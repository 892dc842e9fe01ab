import source from '../../shaders/sae_group_max.wgsl?raw';
import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { shapeError } from '../shape-error.ts';
import type { Tensor } from '../tensor.ts';

export const saeGroupMaxKernel = defineKernel({
  name: 'sae_group_max',
  source,
  dims: { n_tok: 'u32', d4: 'u32', f4: 'u32', n_latents: 'u32', n_groups: 'u32', neg_inf: 'f32' },
  tensors: { x: 'read', w_enc: 'weights', b_enc: 'read', m: 'write' },
  overrides: { wg: 8 },
});

/** Latents whose maximum is kept together. */
export const GROUP = 16;
const TOKENS = 8;

/**
 * Largest pre-activation x · W_enc + b_enc of each group of 16 latents; the pre-activations are never stored.
 * @param x    [T, d] f32, d % 4 = 0
 * @param wEnc weights [d, F padded to a multiple of 4]; columns beyond bEnc count as −∞
 * @param bEnc [F] f32
 * @returns scratch [T, ⌈F / 16⌉]
 * @throws FacetError `bug` when the shapes do not fit
 */
export function saeGroupMax(
  batch: Batch,
  { x, wEnc, bEnc }: { x: Tensor; wEnc: Tensor; bEnc: Tensor },
): Tensor {
  const [nTok = 0, d = 0] = x.shape;
  const [rows = 0, padded = 0] = wEnc.shape;
  const [nLatents = 0] = bEnc.shape;
  const fits = x.shape.length === 2 && wEnc.shape.length === 2 && rows === d && nLatents >= 1;
  if (!fits || d % 4 !== 0 || padded % 4 !== 0 || padded < nLatents) {
    throw shapeError('sae_group_max', 'd and the padded width must be multiples of 4 and fit', {
      x,
      wEnc,
      bEnc,
    });
  }
  const nGroups = Math.ceil(nLatents / GROUP);
  const m = batch.scratch([nTok, nGroups]);
  batch.run(saeGroupMaxKernel, {
    dims: {
      n_tok: nTok,
      d4: d / 4,
      f4: padded / 4,
      n_latents: nLatents,
      n_groups: nGroups,
      neg_inf: -Infinity,
    },
    tensors: { x, w_enc: wEnc, b_enc: bEnc, m },
    groups: [Math.ceil(nGroups / 8), Math.ceil(nTok / TOKENS)],
    cost: { flops: 2 * nTok * d * nLatents, bytes: 4 * (nTok * d + nTok * nGroups) + wEnc.byteLength },
  });
  return m;
}
