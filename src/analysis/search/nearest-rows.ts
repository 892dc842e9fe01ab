import type { Dictionary } from '../../dictionary/dictionary.ts';
import type { Batch } from '../../gpu/batch.ts';
import { embed } from '../../gpu/kernels/embed.ts';
import { matmul } from '../../gpu/kernels/matmul.ts';
import { rescaleRows } from '../../gpu/kernels/rescale_rows.ts';
import { rowScale } from '../../gpu/kernels/row_scale.ts';
import { topKRows } from '../../gpu/kernels/topk_rows.ts';
import type { Gpu } from '../../gpu/gpu.ts';
import type { Tensor } from '../../gpu/tensor.ts';
import { discarding } from '../discarding.ts';
import { Pace } from '../heads/pace.ts';

export const NONE = 0xffffffff;

/** Bytes of one tile of cosines, and of the rows it is made of. */
const TILE_BYTES = 2 ** 25;
/** Rows of the first dictionary in a tile: as many products are made of each row of the second that is read. */
const ROWS = 256;

export interface NearestRows {
  /** [F] row of the other with the largest cosine, the lowest of equals; `NONE` for a row of zeros. */
  nearest: Uint32Array<ArrayBuffer>;
  /** [F] in −1 … 1; 0 for `NONE`. */
  cosine: Float32Array<ArrayBuffer>;
}

type Decoder = Pick<Dictionary, 'wDec' | 'decoderNorms' | 'dSae' | 'dOut'>;

/**
 * For every decoder row of `from` the most similar one of `to`, by tiles of cosines that never leave the GPU: a tile's
 * best column of each row is read back.
 * @param turn as `Session.turn`; one takes a few tiles
 * @param onStep of how many rows times rows
 */
export async function nearestRows(
  gpu: Gpu,
  from: Decoder,
  to: Decoder,
  turn: <Result>(work: () => Promise<Result>) => Promise<Result>,
  onStep: (done: number, total: number) => void,
): Promise<NearestRows> {
  const columns = Math.max(1, Math.min(to.dSae, Math.floor(TILE_BYTES / 4 / Math.max(ROWS, to.dOut))));
  const nearest = new Uint32Array(from.dSae).fill(NONE);
  const best = new Float32Array(from.dSae).fill(-Infinity);
  const pace = new Pace(64);
  const total = from.dSae * to.dSae;
  let done = 0;
  for (let first = 0; first < to.dSae; first += columns) {
    const count = Math.min(columns, to.dSae - first);
    let row = 0;
    while (row < from.dSae) {
      const parts: { from: number; count: number }[] = [];
      for (let next = row; next < from.dSae && parts.length < pace.size; next += ROWS)
        parts.push({ from: next, count: Math.min(ROWS, from.dSae - next) });
      const arrays = await turn(async () => {
        const started = performance.now();
        const batch = gpu.batch('nearest rows');
        const reads = discarding(batch, () => {
          const right = unitRows(batch, to, first, count);
          return parts.flatMap((part) =>
            bestColumns(batch, unitRows(batch, from, part.from, part.count), right),
          );
        });
        const read = await batch.submit(reads);
        pace.took(parts.length, performance.now() - started);
        return read.arrays;
      });
      parts.forEach((part, i) => {
        const [places, values] = [arrays[2 * i]!, arrays[2 * i + 1]!];
        for (let r = 0; r < part.count; r++) {
          if (!(values[r]! > best[part.from + r]!)) continue;
          best[part.from + r] = values[r]!;
          nearest[part.from + r] = first + places[r]!;
        }
        row += part.count;
        done += part.count * count;
      });
      onStep(done, total);
    }
  }
  const norms = await turn(async () => (await gpu.batch('norms').submit([from.decoderNorms])).arrays[0]!);
  // Rows of length √d each.
  const cosine = best.map((value, f) => {
    if (norms[f]! > 0 && nearest[f] !== NONE) return Math.min(1, Math.max(-1, value / from.dOut));
    nearest[f] = NONE;
    return 0;
  });
  return { nearest, cosine };
}

/** Rows first … first + count of a decoder, each brought to length √d; rows of zeros stay. @returns scratch [count, d] */
function unitRows(batch: Batch, { wDec }: Decoder, first: number, count: number): Tensor {
  const ids = batch.input(
    Uint32Array.from({ length: count }, (_, i) => first + i),
    [count],
  );
  const x = embed(batch, { ids, tokens: wDec, positionOffset: 0 });
  const scales = rowScale(batch, { x, kind: 'constant_norm_rescale' });
  const unit = rescaleRows(batch, { x, scales });
  batch.release(ids, x, scales);
  return unit;
}

function bestColumns(batch: Batch, left: Tensor, right: Tensor): [Tensor, Tensor] {
  const products = matmul(batch, { x: left, weights: right, layout: 'nk' });
  const { indices, values } = topKRows(batch, { x: products, k: 1 });
  batch.release(left, products);
  return [indices, values];
}
