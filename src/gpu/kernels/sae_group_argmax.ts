import source from '../../shaders/sae_group_argmax.wgsl?raw';
import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { rowGroups } from '../row-groups.ts';
import { shapeError } from '../shape-error.ts';
import type { Tensor } from '../tensor.ts';

export const saeGroupArgmaxKernel = defineKernel({
  name: 'sae_group_argmax',
  source,
  dims: { n_tok: 'u32', width: 'u32', group: 'u32', k: 'u32', first_row: 'u32', neg_inf: 'f32' },
  tensors: { p: 'read', b_enc: 'read', indices: 'write', values: 'write' },
  overrides: { wg: 32 },
});

/**
 * The largest pre-activation of each of k equal groups of latents, ties to the lowest latent; what is not above zero is
 * padding (index 0xffffffff, value 0).
 * @param p    [T, F padded] f32, s · W_enc without bias
 * @param bEnc [F] f32, F a multiple of k
 * @param into `indices` [N, k] u32 and `values` [N, k] f32, of which rows firstRow … firstRow + T − 1 are written
 * @throws FacetError `bug` when the shapes do not fit
 */
export function saeGroupArgmax(
  batch: Batch,
  {
    p,
    bEnc,
    into,
    firstRow,
  }: { p: Tensor; bEnc: Tensor; into: { indices: Tensor; values: Tensor }; firstRow: number },
): void {
  const [nTok = 0, width = 0] = p.shape;
  const [nLatents = 0] = bEnc.shape;
  const [rows = 0, k = 0] = into.indices.shape;
  const fits = k >= 1 && nLatents % k === 0 && width >= nLatents && firstRow + nTok <= rows;
  if (!fits || into.values.shape.join() !== into.indices.shape.join()) {
    throw shapeError('sae_group_argmax', 'k must divide the latents', { p, bEnc, ...into });
  }
  batch.run(saeGroupArgmaxKernel, {
    dims: { n_tok: nTok, width, group: nLatents / k, k, first_row: firstRow, neg_inf: -Infinity },
    tensors: { p, b_enc: bEnc, ...into },
    groups: [Math.ceil(k / 32), ...rowGroups(nTok)],
    cost: { flops: 2 * nTok * nLatents, bytes: p.byteLength + 8 * nTok * k },
  });
}
