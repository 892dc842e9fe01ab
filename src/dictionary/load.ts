import type { Gpu } from '../gpu/gpu.ts';
import { byteLengthOf, isPacked, type Tensor } from '../gpu/tensor.ts';
import { FacetError } from '../shared/errors.ts';
import type { TensorReader } from '../shared/tensor-file.ts';
import type { Architecture } from './architectures/architecture.ts';
import { architectureOf } from './architectures/index.ts';
import { buildDictionary, type DictionaryTensors } from './build.ts';
import { normsOfRows } from './decoder-norms.ts';
import type { Dictionary } from './dictionary.ts';
import { formatOf } from './formats/index.ts';
import type { DictionaryRecord, RecordTensor, TensorBlock } from './record.ts';
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
  return uploadDictionary(gpu, id, record, { signal });
}

export interface UploadOptions {
  signal?: AbortSignal;
  /** Most bytes of one tensor; matrices above it are kept in parts. Default: what the device binds. */
  mostBytes?: number;
  /** [d_out] constant part of the activation that the dictionary was trained without; see `withoutConstant`. */
  shift?: Float32Array;
}

/** Puts a record on the GPU. @throws as `loadDictionary` */
export async function uploadDictionary(
  gpu: Gpu,
  id: string,
  record: DictionaryRecord,
  { signal, mostBytes = gpu.largestTensorBytes, shift }: UploadOptions = {},
): Promise<Dictionary> {
  const architecture = architectureOf(record.architecture);
  checkRecord(record, architecture);
  const layouts = layoutsOf(record, mostBytes);
  const made: Tensor[] = [];
  const upload = async (name: string): Promise<Tensor[]> => {
    const layout = layouts.get(name)!;
    const tensors: Tensor[] = [];
    for (const { rows, width } of layout)
      tensors.push(await gpu.reserve([rows, width], record.tensors.get(name)!.dtype));
    made.push(...tensors);
    await fill(gpu, record.tensors.get(name)!, layout, tensors, signal);
    return tensors;
  };
  try {
    const wEnc = await upload('W_enc');
    const wDec = await upload('W_dec');
    const [wSkip] = record.tensors.has('W_skip') ? await upload('W_skip') : [];
    const vectors = new Map<string, Tensor>();
    const named = await vectorsOf(record, architecture, wEnc, signal);
    for (const [name, values, perLatent] of named) {
      const shape = perLatent === 1 ? [values.length] : [values.length / perLatent, perLatent];
      const tensor = await gpu.uploadWeights(values, shape);
      made.push(tensor);
      vectors.set(name, tensor);
    }
    const own = await vectorValues(record.tensors.get('b_dec')!);
    // Taken off the input and added to the output, as a constant is that both have.
    const bias = shift ? own.map((value, i) => value + shift[i]!) : own;
    const bDec = await gpu.uploadWeights(bias, [record.dOut]);
    made.push(bDec);
    const batch = gpu.batch('decoder norms');
    const decoderNorms = batch.keep(normsOfRows(batch, wDec));
    await batch.prepare();
    await batch.submit();
    made.push(decoderNorms);
    signal?.throwIfAborted();
    const value = valueOf(named, architecture, record.dSae);
    const tensors = { wEnc, wDec, wSkip, bDec, decoderNorms, vectors, value };
    return buildDictionary(gpu, id, record, architecture, tensors);
  } catch (thrown) {
    for (const tensor of made) tensor.dispose();
    throw FacetError.from(thrown);
  }
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

/** The rectangle of a matrix that one tensor holds. */
interface Part {
  row: number;
  column: number;
  rows: number;
  columns: number;
  /** Columns with padding: kernels read four columns of W_enc at a time, so its rows end in zeros up to that. */
  width: number;
}

/** Parts begin at a multiple of this many latents. */
const STEP = 16;
/** More parts than this are more than a device with such buffers has memory for. */
const MOST_PARTS = 8;

/** How matrices lie on the GPU: the encoder in parts of columns, the decoder of rows, where a buffer cannot hold all. */
function layoutsOf({ tensors, dIn, dOut, dSae }: DictionaryRecord, mostBytes: number): Map<string, Part[]> {
  const layouts = new Map<string, Part[]>();
  const split = (name: string, depth: number, part: (first: number, count: number) => Part): void => {
    const size = isPacked(tensors.get(name)!.dtype) ? 2 : 4;
    const most = Math.floor(mostBytes / (size * depth) / STEP) * STEP;
    if (most * MOST_PARTS < dSae) throw tooLarge(size * depth * Math.ceil(dSae / MOST_PARTS), mostBytes);
    const parts = Array.from({ length: Math.ceil(dSae / most) }, (_, i) => i * most);
    layouts.set(
      name,
      parts.map((first) => part(first, Math.min(most, dSae - first))),
    );
  };
  split('W_enc', dIn, (column, columns) => ({
    row: 0,
    column,
    rows: dIn,
    columns,
    width: Math.ceil(columns / 4) * 4,
  }));
  split('W_dec', dOut, (row, rows) => ({ row, column: 0, rows, columns: dOut, width: dOut }));
  const skip = tensors.get('W_skip');
  if (skip) {
    const bytes = byteLengthOf(skip.shape, skip.dtype);
    if (bytes > mostBytes) throw tooLarge(bytes, mostBytes);
    layouts.set('W_skip', [{ row: 0, column: 0, rows: dOut, columns: dIn, width: dIn }]);
  }
  if (16 * dSae > mostBytes) throw tooLarge(16 * dSae, mostBytes);
  return layouts;
}

function tooLarge(bytes: number, most: number): FacetError {
  const mebibytes = (size: number): string => `${Math.ceil(size / 2 ** 20)} MiB`;
  return new FacetError(
    'limits',
    `This dictionary needs a GPU buffer of ${mebibytes(bytes)}; this one has ${mebibytes(most)}.`,
    { hint: 'Choose a smaller dictionary.' },
  );
}

/** Reads a matrix block by block and writes each into the parts it touches. */
async function fill(
  gpu: Gpu,
  tensor: RecordTensor,
  layout: readonly Part[],
  into: readonly Tensor[],
  signal?: AbortSignal,
): Promise<void> {
  const size = isPacked(tensor.dtype) ? 2 : 4;
  let unsettled = 0;
  for await (const block of tensor.blocks()) {
    signal?.throwIfAborted();
    layout.forEach((part, i) => writeBlock(gpu, into[i]!, part, block, size));
    unsettled += block.data.byteLength;
    if (unsettled < MOST_UNSETTLED) continue;
    await gpu.settled();
    unsettled = 0;
  }
}

function writeBlock(gpu: Gpu, tensor: Tensor, part: Part, block: TensorBlock, size: number): void {
  const [fromRow, toRow] = overlap(part.row, part.rows, block.row, block.rows);
  const [from, to] = overlap(part.column, part.columns, block.column, block.columns);
  if (fromRow >= toRow || from >= to) return;
  const target = (row: number): number => size * ((row - part.row) * part.width + from - part.column);
  const source = (row: number): number => (row - block.row) * block.columns + from - block.column;
  if (to - from === part.width && to - from === block.columns) {
    gpu.write(tensor, target(fromRow), block.data.subarray(source(fromRow), source(toRow)));
    return;
  }
  for (let row = fromRow; row < toRow; row++)
    gpu.write(tensor, target(row), block.data.subarray(source(row), source(row) + to - from));
}

/** What two runs of numbers share. */
function overlap(a: number, lengthA: number, b: number, lengthB: number): [number, number] {
  return [Math.max(a, b), Math.min(a + lengthA, b + lengthB)];
}

type NamedVector = [name: string, values: Float32Array<ArrayBuffer>, perLatent: number];

/** What the architecture wants of its vectors: each by itself, or all combined. */
async function vectorsOf(
  { tensors, dSae }: DictionaryRecord,
  architecture: Architecture,
  wEnc: readonly Tensor[],
  signal?: AbortSignal,
): Promise<NamedVector[]> {
  const values = new Map<string, Float32Array<ArrayBuffer>>();
  for (const name of architecture.vectors) {
    signal?.throwIfAborted();
    values.set(name, await vectorValues(tensors.get(name)!));
  }
  const combined = architecture.combine?.((name) => values.get(name)!, dSae);
  if (combined) return [['combined', combined, combined.length / dSae]];
  const bEnc = values.get('b_enc');
  if (wEnc.length > 1 && bEnc) {
    // Where all p are computed at once, the padding gets a bias that is never among the largest.
    const padded = new Float32Array(Math.ceil(dSae / 4) * 4).fill(-3e38);
    padded.set(bEnc);
    values.set('b_enc padded', padded);
  }
  return [...values].map(([name, data]) => [name, data, 1]);
}

/** Scale, constant and bar of every latent's value. */
function valueOf(
  named: readonly NamedVector[],
  { value: { vector, width, gate, ...at } }: Architecture,
  dSae: number,
): DictionaryTensors['value'] {
  const all = named.find(([name]) => name === vector)![1];
  const column = (index: number): Float32Array =>
    width === 1 ? all : Float32Array.from({ length: dSae }, (_, latent) => all[latent * width + index]!);
  const constant = column(at.constant);
  const scale = at.scale === undefined ? undefined : column(at.scale);
  if (!gate) return { constant, scale };
  const [bias, threshold] = [column(gate.bias), column(gate.threshold)];
  const bar = constant.map((own, latent) =>
    Math.max(0, (threshold[latent]! - bias[latent]!) * (scale?.[latent] ?? 1) + own),
  );
  return { constant, scale, bar };
}
