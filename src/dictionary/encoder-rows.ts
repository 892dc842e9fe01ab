import type { Batch } from '../gpu/batch.ts';
import { matmul } from '../gpu/kernels/matmul.ts';
import { scaleColumns } from '../gpu/kernels/scale_columns.ts';
import { subtractRow } from '../gpu/kernels/subtract_row.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { FacetError } from '../shared/errors.ts';

/** Columns of W_enc looked up at once: each takes a row as long as the dictionary has latents. */
const AT_ONCE = 64;

/** What `encoderRows` reads of a dictionary. */
export interface EncoderTensors {
  dIn: number;
  dSae: number;
  /** [d_in, d_sae padded to a multiple of 4], consecutive columns */
  wEnc: readonly Tensor[];
  /** [d_sae] what s · W_enc is multiplied by, 1 where it is not given, and what is then added. */
  scale?: Float32Array;
  constant: Float32Array;
  /** [d_in], where it is taken off the input. */
  bDec?: Tensor;
  /** Whether each token's mean is taken off its input. */
  centred: boolean;
}

export interface EncoderRows {
  /** [n, d_in] */
  directions: Tensor;
  /** [n, 1] */
  constants: Tensor;
}

/** See `Dictionary.encoderRows`. */
export function encoderRows(batch: Batch, encoder: EncoderTensors, features: readonly number[]): EncoderRows {
  const { dIn, constant, bDec, centred } = encoder;
  checkFeatures(features, encoder.dSae);
  const n = features.length;
  const rows = batch.scratch([n, dIn]);
  for (let first = 0; first < n; first += AT_ONCE) {
    const part = columnsOf(batch, encoder, features.slice(first, first + AT_ONCE));
    batch.copy(part, rows, { toOffset: 4 * first * dIn });
    batch.release(part);
  }
  const added = batch.input(
    Float32Array.from(features, (feature) => constant[feature]!),
    [n, 1],
  );
  let constants = added;
  if (bDec) {
    const zeros = batch.input(new Float32Array(dIn), [1, dIn]);
    const minus = subtractRow(batch, { x: zeros, row: bDec });
    constants = matmul(batch, { x: rows, weights: minus, layout: 'nk', residual: added });
    batch.release(zeros, minus, added);
  }
  if (!centred) return { directions: rows, constants };
  // (x − mean) · w = x · (w − mean w)
  const gain = batch.input(new Float32Array(dIn).fill(1), [dIn]);
  const directions = scaleColumns(batch, { x: rows, gain, centre: true });
  batch.release(gain, rows);
  return { directions, constants };
}

/** @throws FacetError `bad-input` for a feature the dictionary does not have */
function checkFeatures(features: readonly number[], dSae: number): void {
  const strange = features.find((each) => !(Number.isInteger(each) && each >= 0 && each < dSae));
  if (strange === undefined) return;
  throw new FacetError('bad-input', `There is no feature ${strange}; this dictionary has ${dSae}, from 0.`);
}

/** [n, d_in] columns of W_enc times their scale: W_enc · one-hot, which reads packed weights and parts as they are. */
function columnsOf(batch: Batch, { wEnc, scale }: EncoderTensors, features: readonly number[]): Tensor {
  let sum: Tensor | undefined;
  let first = 0;
  for (const weights of wEnc) {
    const width = weights.shape[1]!;
    const chosen = new Float32Array(features.length * width);
    features.forEach((feature, i) => {
      const column = feature - first;
      if (column >= 0 && column < width) chosen[i * width + column] = scale?.[feature] ?? 1;
    });
    const x = batch.input(chosen, [features.length, width]);
    const next: Tensor = matmul(batch, { x, weights, layout: 'nk', residual: sum });
    batch.release(x, sum);
    sum = next;
    first += width;
  }
  return sum!;
}
