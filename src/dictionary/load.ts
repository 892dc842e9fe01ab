import type { Gpu } from '../gpu/gpu.ts';
import { rowNorms } from '../gpu/kernels/row_norms.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { FacetError } from '../shared/errors.ts';
import type { TensorReader } from '../shared/tensor-file.ts';
import { architectureOf } from './architectures/index.ts';
import type { Dictionary } from './dictionary.ts';
import type { Storage } from './formats/format.ts';
import { formatOf } from './formats/index.ts';
import type { DictionaryRecord, TensorData } from './record.ts';

export interface DictionaryFiles {
  id: string;
  /** Parsed configuration, of any origin. */
  config: unknown;
  weights: TensorReader;
  /** Default `file`: f16 matrices stay packed. */
  storage?: Storage;
}

/**
 * Reads a dictionary of any known format and puts it on the GPU, one tensor at a time. Everything that can be checked
 * from configuration and tensor names is checked before the first byte is read.
 * @throws FacetError `bad-file`, `unsupported`, `limits`, `out-of-memory`, `cancelled`
 */
export async function loadDictionary(
  gpu: Gpu,
  { id, config, weights, storage = 'file' }: DictionaryFiles,
  signal?: AbortSignal,
): Promise<Dictionary> {
  const record = formatOf(config).read(config, weights, storage);
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
  checkLimits(gpu, record);
  const tensors = new Map<string, Tensor>();
  const release = (): void => tensors.forEach((tensor) => tensor.dispose());
  try {
    for (const name of Object.keys(architecture.tensors)) {
      signal?.throwIfAborted();
      const read = record.tensors.get(name);
      if (!read) throw new FacetError('bug', `the record of "${id}" has no tensor ${name}`);
      const { data, shape } = padColumns(await read(), record.dSae);
      tensors.set(name, await gpu.uploadWeights(data, shape));
    }
    tensors.set('decoder_norms', await decoderNorms(gpu, tensors.get('W_dec')!));
    signal?.throwIfAborted();
  } catch (thrown) {
    release();
    throw FacetError.from(thrown);
  }
  const tensor = (name: string): Tensor => {
    const found = tensors.get(name);
    if (!found) throw new FacetError('bug', `dictionary "${id}" has no tensor ${name}`);
    return found;
  };
  const { hook, dIn, dSae, k, source } = record;
  return {
    id,
    hook,
    dIn,
    dSae,
    architecture: architecture.id,
    k,
    source,
    wDec: tensor('W_dec'),
    decoderNorms: tensor('decoder_norms'),
    byteLength: [...tensors.values()].reduce((sum, { byteLength }) => sum + byteLength, 0),
    ...architecture.build(record, tensor),
    dispose: release,
    [Symbol.dispose]: release,
  };
}

/** A matrix must fit one binding. */
function checkLimits(gpu: Gpu, { dIn, dSae }: DictionaryRecord): void {
  const most = gpu.largestTensorBytes;
  const bytes = 4 * dIn * Math.ceil(dSae / 4) * 4;
  if (bytes > most) {
    const mebibytes = (size: number): string => `${Math.ceil(size / 2 ** 20)} MiB`;
    throw new FacetError(
      'limits',
      `This dictionary needs a GPU buffer of ${mebibytes(bytes)}; this one has ${mebibytes(most)}.`,
      {
        hint: 'Choose a smaller dictionary.',
      },
    );
  }
}

/** Zeros after each row of a matrix [n, d_sae], up to a multiple of 4: kernels read four columns at a time. */
export function padColumns({ data, shape }: TensorData, dSae: number): TensorData {
  const [rows = 0, columns = 0] = shape;
  const width = Math.ceil(dSae / 4) * 4;
  if (shape.length !== 2 || columns !== dSae || width === dSae) return { data, shape };
  const padded =
    data instanceof Float32Array ? new Float32Array(rows * width) : new Uint16Array(rows * width);
  for (let row = 0; row < rows; row++) padded.set(data.subarray(row * dSae, (row + 1) * dSae), row * width);
  return { data: padded, shape: [rows, width] };
}

async function decoderNorms(gpu: Gpu, wDec: Tensor): Promise<Tensor> {
  const batch = gpu.batch('decoder norms');
  const norms = batch.keep(rowNorms(batch, { weights: wDec }));
  await batch.submit();
  return norms;
}
