import type { Batch } from '../../gpu/batch.ts';
import { matmul } from '../../gpu/kernels/matmul.ts';
import type { Tensor } from '../../gpu/tensor.ts';

/** Most bytes of products x · W_enc that exist at once. */
const MOST_BYTES = 2 ** 26;

/**
 * Calls `take` with p = x · W_enc + bias, [rows, d_sae padded], as many tokens at a time as there is memory for.
 * @param wEnc [d_in, d_sae padded] in parts, consecutive columns
 * @param bias [d_sae padded]
 */
export function inParts(
  batch: Batch,
  {
    x,
    wEnc,
    bias,
    mostBytes = MOST_BYTES,
  }: { x: Tensor; wEnc: readonly Tensor[]; bias?: Tensor; mostBytes?: number },
  take: (p: Tensor, firstRow: number) => void,
): void {
  const [nTok = 0, d = 0] = x.shape;
  const width = wEnc.reduce((sum, { shape }) => sum + shape[1]!, 0);
  const step = Math.max(1, Math.floor(mostBytes / (4 * width)));
  for (let firstRow = 0; firstRow < nTok; firstRow += step) {
    const rows = Math.min(step, nTok - firstRow);
    const part = rows === nTok ? x : batch.scratch([rows, d]);
    if (part !== x) batch.copy(x, part, { fromOffset: 4 * firstRow * d, size: 4 * rows * d });
    const p = batch.scratch([rows, width]);
    let column = 0;
    for (const weights of wEnc) {
      matmul(batch, { x: part, weights, layout: 'kn', bias, into: { y: p, column } });
      column += weights.shape[1]!;
    }
    if (part !== x) batch.release(part);
    take(p, firstRow);
    batch.release(p);
  }
}
