import source from '../../shaders/rope.wgsl?raw';
import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { rowGroups } from '../row-groups.ts';
import { shapeError } from '../shape-error.ts';
import { elementsOf, type Tensor } from '../tensor.ts';
import type { HeadView } from './attention.ts';

export const ropeKernel = defineKernel({
  name: 'rope',
  source,
  dims: { n_tok: 'u32', heads: 'u32', d_head: 'u32', half: 'u32', stride: 'u32', start: 'u32' },
  tensors: { table: 'read', x: 'write' },
  overrides: { wg: 64 },
});

/**
 * Rotary position embedding, in place: (a, b) → (a cos − b sin, b cos + a sin) for the pairs (i, i + half) of each head;
 * values of a head beyond 2 · half stay as they are.
 * @param x where the heads lie; T rows
 * @param table [T, half, 2] f32, cosine and sine of each token's angles, half ≤ dHead / 2
 * @throws FacetError `bug` when the shapes do not fit
 * @source Su et al. 2021, arXiv:2104.09864, in the half-split form of GPT-NeoX
 */
export function rope(
  batch: Batch,
  { x, table, heads, dHead }: { x: HeadView; table: Tensor; heads: number; dHead: number },
): void {
  const [nTok = 0, half = 0] = table.shape;
  const { tensor, rowStride, offset } = x;
  if (
    table.shape[2] !== 2 ||
    2 * half > dHead ||
    offset + heads * dHead > rowStride ||
    nTok * rowStride > elementsOf(tensor.shape)
  ) {
    throw shapeError('rope', `${heads} heads of ${dHead} from ${offset} do not fit`, { table, tensor });
  }
  batch.run(ropeKernel, {
    dims: { n_tok: nTok, heads, d_head: dHead, half, stride: rowStride, start: offset },
    tensors: { table, x: tensor },
    groups: [Math.ceil((heads * half) / 64), ...rowGroups(nTok)],
    cost: { flops: 6 * nTok * heads * half, bytes: 8 * nTok * half * (1 + 2 * heads) },
  });
}
