import type { Batch } from '../gpu/batch.ts';
import { rowNorms } from '../gpu/kernels/row_norms.ts';
import type { Tensor } from '../gpu/tensor.ts';

/**
 * L2 norms of the rows of a decoder, or of each of the equal pieces of its rows.
 * @param wDec [d_sae, d_out] in parts of consecutive rows
 * @param pieces of each row; d_out / pieces is a multiple of 4
 * @returns scratch [d_sae · pieces]
 */
export function normsOfRows(batch: Batch, wDec: readonly Tensor[], pieces = 1): Tensor {
  const norms = wDec.map((part) => {
    const [rows = 0, width = 0] = part.shape;
    return rowNorms(batch, { weights: part.reshaped([rows * pieces, width / pieces]) });
  });
  const [only, ...more] = norms;
  if (more.length === 0) return only!;
  const all = batch.scratch([norms.reduce((sum, { shape }) => sum + shape[0]!, 0)]);
  let toOffset = 0;
  for (const part of norms) {
    batch.copy(part, all, { toOffset, size: part.byteLength });
    batch.release(part);
    toOffset += part.byteLength;
  }
  return all;
}
