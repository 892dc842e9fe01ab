import type { Dictionary } from '../../dictionary/dictionary.ts';
import type { Batch } from '../../gpu/batch.ts';
import { embed } from '../../gpu/kernels/embed.ts';
import { matmul } from '../../gpu/kernels/matmul.ts';
import { rescaleRows } from '../../gpu/kernels/rescale_rows.ts';
import { topKRows } from '../../gpu/kernels/topk_rows.ts';
import type { Gpu } from '../../gpu/gpu.ts';
import type { Tensor } from '../../gpu/tensor.ts';
import { Rng } from '../../storyworld/rng.ts';

/** Of the random projection: fixed, so that a dictionary has one picture. */
const SEED = 1;

/** [F] L2 norms of the decoder's rows. */
export async function readNorms(gpu: Gpu, dictionary: Dictionary): Promise<Float32Array> {
  const { arrays } = await gpu.batch('norms').submit([dictionary.decoderNorms]);
  return arrays[0] as Float32Array;
}

/**
 * Decoder rows of unit length; a row without length stays zero.
 * @param features [n] ids below d_sae
 * @param norms [F] of `readNorms`
 * @returns scratch [n, d_out]
 */
export function unitRows(
  batch: Batch,
  dictionary: Dictionary,
  features: Uint32Array<ArrayBuffer>,
  norms: Float32Array,
): Tensor {
  const ids = batch.input(features, [features.length]);
  const rows = embed(batch, { ids, tokens: dictionary.wDec, positionOffset: 0 });
  const factors = new Float32Array(4 * features.length);
  features.forEach((feature, i) => (factors[4 * i + 1] = norms[feature]! > 0 ? 1 / norms[feature]! : 0));
  const scales = batch.input(factors, [features.length, 4]);
  const unit = rescaleRows(batch, { x: rows, scales });
  batch.release(ids, rows, scales);
  return unit;
}

/**
 * A random projection that keeps squared lengths on average: independent normal entries of variance 1 / m.
 * @returns [m, d] row-major
 * @source Johnson & Lindenstrauss 1984; Dasgupta & Gupta 2003
 */
export function randomProjection(d: number, m: number): Float32Array<ArrayBuffer> {
  const random = new Rng(SEED, m);
  return Float32Array.from(
    { length: m * d },
    () =>
      (Math.sqrt(-2 * Math.log(1 - random.unit())) * Math.cos(2 * Math.PI * random.unit())) / Math.sqrt(m),
  );
}

/** Columns of cosines made at once: the rows they stand for are unpacked for as long. */
const COLUMNS = 4096;

/**
 * The features whose decoder rows point most nearly the same way, exactly.
 * @param rows which of `features` are asked about: from … to
 * @returns scratch [to − from, k]: places in `features`, and cosines; a row comes among its own, as a rule first
 */
export function nearestRows(
  batch: Batch,
  dictionary: Dictionary,
  { features, norms, k }: { features: Uint32Array<ArrayBuffer>; norms: Float32Array; k: number },
  [from, to]: readonly [number, number],
): { indices: Tensor; values: Tensor } {
  const x = unitRows(batch, dictionary, features.slice(from, to), norms);
  const cosines = batch.scratch([to - from, features.length]);
  for (let column = 0; column < features.length; column += COLUMNS) {
    const weights = unitRows(batch, dictionary, features.slice(column, column + COLUMNS), norms);
    matmul(batch, { x, weights, layout: 'nk', into: { y: cosines, column } });
    batch.release(weights);
  }
  const nearest = topKRows(batch, { x: cosines, k });
  batch.release(x, cosines);
  return nearest;
}
