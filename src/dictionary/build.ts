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
import type { DictionaryRecord } from './record.ts';

/** Places per token to begin with where the number of features is not fixed; published dictionaries have L0 of 10 – 300. */
const FIRST_ROOM = 512;

/** A dictionary of uploaded tensors, which it owns from now on. */
export function buildDictionary(
  gpu: Gpu,
  id: string,
  record: DictionaryRecord,
  architecture: Architecture,
  tensors: ReadonlyMap<string, Tensor>,
): Dictionary {
  const { hook, hookOut, headIndex, dIn, dOut, dSae, source, normalization, centre, restores } = record;
  const k = architecture.fixed ? record.k! : dSae;
  let room = architecture.fixed ? k : Math.min(dSae, FIRST_ROOM);
  const tensor = (name: string): Tensor => {
    const found = tensors.get(name);
    if (!found) throw new FacetError('bug', `dictionary "${id}" has no tensor ${name}`);
    return found;
  };
  const wDec = tensor('W_dec');
  const bDec = tensor('b_dec');
  const wSkip = tensors.get('W_skip');
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
  const release = (): void => tensors.forEach((each) => each.dispose());
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
    decoderNorms: tensor('decoder_norms'),
    byteLength: [...tensors.values()].reduce((sum, { byteLength }) => sum + byteLength, 0),
    encode(batch, x): GpuCodes {
      const prepared = prepare(batch, x);
      const codes = architecture.encode(batch, {
        x: prepared,
        k: room,
        wEnc: tensor('W_enc'),
        vector: tensor,
      });
      if (prepared !== x) batch.release(prepared);
      return codes;
    },
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
