import source from '../../shaders/sae_rescore_groups.wgsl?raw';
import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { shapeError } from '../shape-error.ts';
import type { Tensor } from '../tensor.ts';
import type { GroupSize } from './sae_group_max.ts';

export const saeRescoreGroupsKernel = defineKernel({
  name: 'sae_rescore_groups',
  source,
  dims: {
    n_tok: 'u32',
    d4: 'u32',
    f4: 'u32',
    n_latents: 'u32',
    n_chosen: 'u32',
    group4: 'u32',
    neg_inf: 'f32',
  },
  tensors: { x: 'read', w_enc: 'weights', b_enc: 'read', chosen: 'read', p: 'write' },
  overrides: { wg: 16 },
});

export interface SaeRescoreGroupsArguments {
  /** [T, d] f32, d % 4 = 0 */
  x: Tensor;
  /** weights [d, F padded to a multiple of 4] */
  wEnc: Tensor;
  /** [F] f32 */
  bEnc: Tensor;
  /** [T, c] u32, groups of `group` latents */
  chosen: Tensor;
  group: GroupSize;
}

/**
 * Pre-activations of the latents in the chosen groups of each token.
 * @returns scratch [T, c · group] in the order of `chosen`, −∞ beyond F
 * @throws FacetError `bug` when the shapes do not fit
 */
export function saeRescoreGroups(
  batch: Batch,
  { x, wEnc, bEnc, chosen, group }: SaeRescoreGroupsArguments,
): Tensor {
  const [nTok = 0, d = 0] = x.shape;
  const [depth = 0, padded = 0] = wEnc.shape;
  const [nLatents = 0] = bEnc.shape;
  const [tokens = 0, nChosen = 0] = chosen.shape;
  if (depth !== d || tokens !== nTok || d % 4 !== 0 || padded % 4 !== 0 || padded < nLatents) {
    throw shapeError('sae_rescore_groups', 'shapes do not fit', { x, wEnc, bEnc, chosen });
  }
  const group4 = group / 4;
  const p = batch.scratch([nTok, nChosen * group]);
  batch.run(saeRescoreGroupsKernel, {
    dims: {
      n_tok: nTok,
      d4: d / 4,
      f4: padded / 4,
      n_latents: nLatents,
      n_chosen: nChosen,
      group4,
      neg_inf: -Infinity,
    },
    tensors: { x, w_enc: wEnc, b_enc: bEnc, chosen, p },
    groups: [Math.ceil((nChosen * group4) / 16), nTok],
    cost: {
      flops: 2 * nTok * d * nChosen * group,
      bytes: nTok * (4 * d + nChosen * (4 + group * (4 + d * (wEnc.dtype === 'f16' ? 2 : 4)))),
    },
  });
  return p;
}
