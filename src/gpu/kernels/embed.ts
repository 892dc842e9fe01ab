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
    first: 'u32',
    vocabulary: 'u32',
    scale: 'f32',
  },
  tensors: { ids: 'read', tokens: 'weights', positions: 'weights', y: 'write' },
  overrides: { wg: 64 },
});

/**
 * Rows of an embedding, of a position table, or their sum; also gathers rows of any weight matrix.
 * @param ids [T] u32; an id outside `tokens` reads its last row, so check ids first
 * @param tokens [V, d] weights, d % 4 = 0; or its parts, consecutive rows, one dispatch each
 * @param positions [n_ctx, d] weights of the same storage type; row t + positionOffset is taken
 * @param scale what the rows of `tokens` are multiplied by; default 1
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
    scale = 1,
  }: {
    ids: Tensor;
    tokens?: Tensor | readonly Tensor[];
    positions?: Tensor;
    positionOffset: number;
    scale?: number;
  },
): Tensor {
  const [nTok = 0] = ids.shape;
  const parts = tokens && 'length' in tokens ? tokens : tokens ? [tokens] : [];
  const [some] = positions ? [positions] : parts;
  const d = some?.shape[1] ?? 0;
  if (!some || d % 4 !== 0 || parts.some(({ shape }) => shape[1] !== d)) {
    throw shapeError('embed', 'needs tokens or positions of one width, a multiple of 4', {
      ids,
      ...(some && { some }),
    });
  }
  const y = batch.scratch([nTok, d]);
  const vocabulary = parts.reduce((sum, { shape }) => sum + shape[0]!, 0);
  let first = 0;
  for (const part of parts.length > 0 ? parts : [undefined]) {
    batch.run(embedKernel, {
      dims: {
        n_tok: nTok,
        d4: d / 4,
        n_tokens: part?.shape[0] ?? 1,
        n_positions: positions?.shape[0] ?? 1,
        offset: positionOffset,
        use_tokens: part ? 1 : 0,
        use_positions: positions ? 1 : 0,
        first,
        vocabulary,
        scale,
      },
      tensors: { ids, tokens: part ?? some, positions: positions ?? some, y },
      groups: [Math.ceil(d / 4 / 64), nTok],
      cost: { flops: nTok * d, bytes: 4 * nTok * d * 3 },
    });
    first += part?.shape[0] ?? 0;
  }
  return y;
}
