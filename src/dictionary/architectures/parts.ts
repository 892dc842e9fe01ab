import type { Batch } from '../../gpu/batch.ts';
import { matmul } from '../../gpu/kernels/matmul.ts';
import type { Tensor } from '../../gpu/tensor.ts';

/** Most bytes of products x · W_enc that exist at once. */
const MOST_BYTES = 2 ** 26;

/** Calls `take` with p = x · W_enc, [rows, d_sae padded], as many tokens at a time as there is memory for. */
export function inParts(
  batch: Batch,
  { x, wEnc, mostBytes = MOST_BYTES }: { x: Tensor; wEnc: Tensor; mostBytes?: number },
  take: (p: Tensor, firstRow: number) => void,
): void {
  const [nTok = 0, d = 0] = x.shape;
  const step = Math.max(1, Math.floor(mostBytes / (4 * wEnc.shape[1]!)));
  for (let firstRow = 0; firstRow < nTok; firstRow += step) {
    const rows = Math.min(step, nTok - firstRow);
    const part = rows === nTok ? x : batch.scratch([rows, d]);
    if (part !== x) batch.copy(x, part, { fromOffset: 4 * firstRow * d, size: 4 * rows * d });
    const p = matmul(batch, { x: part, weights: wEnc, layout: 'kn' });
    if (part !== x) batch.release(part);
    take(p, firstRow);
    batch.release(p);
  }
}
