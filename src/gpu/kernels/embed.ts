import source from '../../shaders/embed.wgsl?raw';
import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { shapeError } from '../shape-error.ts';
import type { Tensor } from '../tensor.ts';

export const embedKernel = defineKernel({
  name: 'embed',
  source,
  dims: {
    n_tok: 'u32',
    d4: 'u32',
    n_tokens: 'u32',
    n_positions: 'u32',
    offset: 'u32',
    use_tokens: 'u32',
    use_positions: 'u32',
  },
  tensors: { ids: 'read', tokens: 'weights', positions: 'weights', y: 'write' },
  overrides: { wg: 64 },
});

/**
 * Rows of an embedding, of a position table, or their sum; also gathers rows of any weight matrix.
 * @param ids [T] u32; an id outside `tokens` reads its last row, so check ids first
 * @param tokens [V, d] weights, d % 4 = 0
 * @param positions [n_ctx, d] weights of the same storage type; row t + positionOffset is taken
 * @returns scratch [T, d] f32
 * @throws FacetError `bug` when both matrices are missing or the shapes do not fit
 */
export function embed(
  batch: Batch,
  {
    ids,
    tokens,
    positions,
    positionOffset,
  }: { ids: Tensor; tokens?: Tensor; positions?: Tensor; positionOffset: number },
): Tensor {
  const [nTok = 0] = ids.shape;
  const some = tokens ?? positions;
  const d = some?.shape[1] ?? 0;
  if (!some || d % 4 !== 0 || (tokens && positions && tokens.shape[1] !== positions.shape[1])) {
    throw shapeError('embed', 'needs tokens or positions of one width, a multiple of 4', {
      ids,
      ...(some && { some }),
    });
  }
  const y = batch.scratch([nTok, d]);
  batch.run(embedKernel, {
    dims: {
      n_tok: nTok,
      d4: d / 4,
      n_tokens: tokens?.shape[0] ?? 1,
      n_positions: positions?.shape[0] ?? 1,
      offset: positionOffset,
      use_tokens: tokens ? 1 : 0,
      use_positions: positions ? 1 : 0,
    },
    tensors: { ids, tokens: some, positions: positions ?? some, y },
    groups: [Math.ceil(d / 4 / 64), nTok],
    cost: { flops: nTok * d, bytes: 4 * nTok * d * 3 },
  });
  return y;
}
