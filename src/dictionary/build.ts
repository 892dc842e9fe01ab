import type { Batch } from '../gpu/batch.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { matmul } from '../gpu/kernels/matmul.ts';
import { rescaleRows } from '../gpu/kernels/rescale_rows.ts';
import { rowScale } from '../gpu/kernels/row_scale.ts';
import { saeDecodeSparse } from '../gpu/kernels/sae_decode_sparse.ts';
import { subtractRow } from '../gpu/kernels/subtract_row.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { FacetError } from '../shared/errors.ts';
import type { Architecture } from './architectures/architecture.ts';
import type { GpuCodes } from './codes.ts';
import type { Dictionary } from './dictionary.ts';
import { encoderRows } from './encoder-rows.ts';
import type { DictionaryRecord } from './record.ts';

/** Places per token to begin with where the number of features is not fixed; published dictionaries have L0 of 10 – 300. */
const FIRST_ROOM = 512;

/** What is on the GPU: matrices in parts, nearly always one. */
export interface DictionaryTensors {
  /** [d_in, d_sae padded to a multiple of 4], consecutive columns */
  wEnc: readonly Tensor[];
  /** [d_sae, d_out], consecutive rows */
  wDec: readonly Tensor[];
  /** [d_out, d_in] */
  wSkip?: Tensor;
  /** [d_out] */
  bDec: Tensor;
  /** [d_sae] */
  decoderNorms: Tensor;
  /** What the architecture's vectors became. */
  vectors: ReadonlyMap<string, Tensor>;
  /** [d_sae] See `Architecture.value`. */
  value: { scale?: Float32Array; constant: Float32Array; bar?: Float32Array };
}

/** A dictionary of uploaded tensors, which it owns from now on. */
export function buildDictionary(
  gpu: Gpu,
  id: string,
  record: DictionaryRecord,
  architecture: Architecture,
  tensors: DictionaryTensors,
): Dictionary {
  const { hook, hookOut, headIndex, dIn, dOut, dSae, source, normalization, centre, restores } = record;
  const k = architecture.fixed ? record.k! : dSae;
  let room = architecture.fixed ? k : Math.min(dSae, FIRST_ROOM);
  const { wEnc, wDec, wSkip, bDec, decoderNorms, vectors, value } = tensors;
  const all = [...wEnc, ...wDec, ...(wSkip ? [wSkip] : []), bDec, decoderNorms, ...vectors.values()];
  const vector = (name: string): Tensor => {
    const found = vectors.get(name);
    if (!found) throw new FacetError('bug', `dictionary "${id}" has no vector ${name}`);
    return found;
  };
  const isPlain = normalization === 'none' && !centre;
  const row = record.subtractDecoderBias ? bDec : undefined;
  const scalesOf = (batch: Batch, x: Tensor): Tensor => rowScale(batch, { x, kind: normalization, centre });

  const prepare = (batch: Batch, x: Tensor): Tensor => {
    if (isPlain) return row ? subtractRow(batch, { x, row }) : x;
    const scales = scalesOf(batch, x);
    const prepared = rescaleRows(batch, { x, scales, row });
    batch.release(scales);
    return prepared;
  };
  const restore = (batch: Batch, decoded: Tensor, x: Tensor): Tensor => {
    if (isPlain || !restores) return decoded;
    const scales = scalesOf(batch, x);
    const restored = rescaleRows(batch, { x: decoded, scales, back: true });
    batch.release(scales, decoded);
    return restored;
  };
  const release = (): void => all.forEach((each) => each.dispose());
  return {
    id,
    hook,
    hookOut,
    headIndex,
    dIn,
    dOut,
    dSae,
    architecture: architecture.id,
    k,
    get room() {
      return room;
    },
    source,
    wDec,
    rescales: restores && normalization !== 'none',
    bars: value.bar,
    decoderNorms,
    byteLength: all.reduce((sum, { byteLength }) => sum + byteLength, 0),
    encode(batch, x): GpuCodes {
      const prepared = prepare(batch, x);
      const codes = architecture.encode(batch, {
        x: prepared,
        k: room,
        wEnc,
        vector,
      });
      if (prepared !== x) batch.release(prepared);
      return codes;
    },
    encoderRows(batch, features) {
      const centred = centre || normalization === 'layer_norm';
      const { scale, constant } = value;
      return encoderRows(batch, { dIn, dSae, wEnc, scale, constant, bDec: row, centred }, features);
    },
    inputScales: (batch, x) => (isPlain ? undefined : scalesOf(batch, x)),
    decode(batch, { indices, values }, x): Tensor {
      const decoded = restore(batch, saeDecodeSparse(batch, { indices, values, wDec, bDec }), x);
      if (!wSkip) return decoded;
      const skipped = matmul(batch, { x, weights: wSkip, layout: 'nk', residual: decoded });
      batch.release(decoded);
      return skipped;
    },
    makeRoom(count, tokens) {
      if (architecture.fixed || count <= room) return;
      const wanted = Math.min(dSae, 2 ** Math.ceil(Math.log2(count)));
      if (4 * wanted * tokens > gpu.largestTensorBytes) {
        throw new FacetError(
          'limits',
          `${count} of ${dSae} features are active on one token: too many to hold for ${tokens} tokens.`,
          {
            hint: 'Shorten the text. So many at once usually mean that the dictionary was made for another model or hook.',
          },
        );
      }
      room = wanted;
    },
    dispose: release,
    [Symbol.dispose]: release,
  };
}
