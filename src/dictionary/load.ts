import type { Gpu } from '../gpu/gpu.ts';
import { rowNorms } from '../gpu/kernels/row_norms.ts';
import { byteLengthOf, isPacked, type Tensor } from '../gpu/tensor.ts';
import { FacetError } from '../shared/errors.ts';
import type { TensorReader } from '../shared/tensor-file.ts';
import type { Architecture } from './architectures/architecture.ts';
import { architectureOf } from './architectures/index.ts';
import { buildDictionary } from './build.ts';
import type { Dictionary } from './dictionary.ts';
import { formatOf } from './formats/index.ts';
import type { DictionaryRecord, RecordTensor } from './record.ts';
import { type Storage, vectorValues } from './tensor-source.ts';

/** Bytes on their way to the GPU, which the browser keeps a copy of. */
const MOST_UNSETTLED = 2 ** 26;

export interface DictionaryFiles {
  id: string;
  /** Parsed configuration, of any origin; some formats have none. */
  config?: unknown;
  weights: TensorReader;
  /** Path of the weights file inside its repository or folder; formats without a configuration read the hook from it. */
  path?: string;
  /** `owner/name` on the hub. */
  repository?: string;
  /** Default `file`: f16 matrices stay packed. */
  storage?: Storage;
}

/**
 * Reads a dictionary of any known format and puts it on the GPU, a part of a tensor at a time. Everything that can be
 * checked from configuration and tensor names is checked before the first tensor is read.
 * @throws FacetError `bad-file`, `unsupported`, `limits`, `out-of-memory`, `cancelled`
 */
export async function loadDictionary(
  gpu: Gpu,
  { id, config, weights, path = '', repository, storage = 'file' }: DictionaryFiles,
  signal?: AbortSignal,
): Promise<Dictionary> {
  const files = { config, weights, path, repository };
  const record = await formatOf(files).read(files, storage);
  return uploadDictionary(gpu, id, record, signal);
}

/** Puts a record on the GPU. @throws as `loadDictionary` */
export async function uploadDictionary(
  gpu: Gpu,
  id: string,
  record: DictionaryRecord,
  signal?: AbortSignal,
): Promise<Dictionary> {
  const architecture = architectureOf(record.architecture);
  checkRecord(record, architecture);
  checkLimits(gpu, record);
  const tensors = new Map<string, Tensor>();
  try {
    for (const name of ['W_enc', 'W_dec', 'b_dec', ...(record.tensors.has('W_skip') ? ['W_skip'] : [])])
      tensors.set(name, await uploadTensor(gpu, record.tensors.get(name)!, name === 'W_enc', signal));
    for (const [name, tensor] of await uploadVectors(gpu, record, architecture, signal))
      tensors.set(name, tensor);
    tensors.set('decoder_norms', await decoderNorms(gpu, tensors.get('W_dec')!));
    signal?.throwIfAborted();
  } catch (thrown) {
    tensors.forEach((tensor) => tensor.dispose());
    throw FacetError.from(thrown);
  }
  return buildDictionary(gpu, id, record, architecture, tensors);
}

/** Whatever format made it, a record must fit its architecture and the kernels. */
function checkRecord(record: DictionaryRecord, architecture: Architecture): void {
  const { tensors, dIn, dOut, dSae, k, subtractDecoderBias } = record;
  const shapes: Record<string, number[]> = {
    W_enc: [dIn, dSae],
    W_dec: [dSae, dOut],
    b_dec: [dOut],
    ...(tensors.has('W_skip') && { W_skip: [dOut, dIn] }),
    ...Object.fromEntries(architecture.vectors.map((name) => [name, [dSae]])),
  };
  for (const [name, shape] of Object.entries(shapes)) {
    if (tensors.get(name)?.shape.join() !== shape.join())
      throw new FacetError('bug', `the record has no tensor ${name} [${shape.join(', ')}]`);
  }
  for (const [what, size] of Object.entries({ reads: dIn, writes: dOut })) {
    if (size % 4 === 0) continue;
    throw new FacetError(
      'unsupported',
      `This dictionary ${what} ${size} values per token, not a multiple of 4.`,
    );
  }
  if (architecture.fixed && !(k && Number.isInteger(k) && k >= 1 && k <= dSae))
    throw new FacetError(
      'bad-file',
      `The configuration keeps ${k ?? 'an unknown number of'} features of ${dSae}.`,
    );
  if (subtractDecoderBias && dIn !== dOut)
    throw new FacetError('bad-file', `A bias of ${dOut} values cannot be taken off an input of ${dIn}.`);
  architecture.check?.(record);
}

/** A matrix must fit one binding. */
function checkLimits(gpu: Gpu, { tensors }: DictionaryRecord): void {
  const most = gpu.largestTensorBytes;
  for (const [name, { shape, dtype }] of tensors) {
    const bytes = byteLengthOf(padded(shape, name === 'W_enc'), dtype);
    if (bytes <= most) continue;
    const mebibytes = (size: number): string => `${Math.ceil(size / 2 ** 20)} MiB`;
    throw new FacetError(
      'limits',
      `This dictionary needs a GPU buffer of ${mebibytes(bytes)}; this one has ${mebibytes(most)}.`,
      { hint: 'Choose a smaller dictionary.' },
    );
  }
}

/** Kernels read four columns of W_enc at a time: its rows end in zeros up to a multiple of 4. */
function padded(shape: readonly number[], pads: boolean): readonly number[] {
  return pads ? [shape[0]!, Math.ceil(shape[1]! / 4) * 4] : shape;
}

async function uploadTensor(
  gpu: Gpu,
  { shape, dtype, blocks }: RecordTensor,
  pads: boolean,
  signal?: AbortSignal,
): Promise<Tensor> {
  const full = padded(shape, pads);
  const width = full.at(-1)!;
  const tensor = await gpu.reserve(full, dtype);
  const size = isPacked(dtype) ? 2 : 4;
  let unsettled = 0;
  try {
    for await (const { row, column, rows, columns, data } of blocks()) {
      signal?.throwIfAborted();
      const at = (r: number): number => size * ((row + r) * width + column);
      if (columns === width) gpu.write(tensor, at(0), data);
      else {
        for (let r = 0; r < rows; r++)
          gpu.write(tensor, at(r), data.subarray(r * columns, (r + 1) * columns));
      }
      unsettled += data.byteLength;
      if (unsettled < MOST_UNSETTLED) continue;
      await gpu.settled();
      unsettled = 0;
    }
    return tensor;
  } catch (thrown) {
    tensor.dispose();
    throw thrown;
  }
}

/** What the architecture wants of its vectors: each by itself, or all combined. */
async function uploadVectors(
  gpu: Gpu,
  { tensors, dSae }: DictionaryRecord,
  { vectors, combine }: Architecture,
  signal?: AbortSignal,
): Promise<[string, Tensor][]> {
  const values = new Map<string, Float32Array<ArrayBuffer>>();
  for (const name of vectors) {
    signal?.throwIfAborted();
    values.set(name, await vectorValues(tensors.get(name)!));
  }
  if (!combine) {
    const uploads = [...values].map(async ([name, data]): Promise<[string, Tensor]> => [
      name,
      await gpu.uploadWeights(data, [dSae]),
    ]);
    return Promise.all(uploads);
  }
  const combined = combine((name) => values.get(name)!, dSae);
  return [['combined', await gpu.uploadWeights(combined, [dSae, combined.length / dSae])]];
}

async function decoderNorms(gpu: Gpu, wDec: Tensor): Promise<Tensor> {
  const batch = gpu.batch('decoder norms');
  const norms = batch.keep(rowNorms(batch, { weights: wDec }));
  await batch.submit();
  return norms;
}
