import type { Gpu } from '../gpu/gpu.ts';
import { isPacked, type Tensor } from '../gpu/tensor.ts';
import { roundToFloat16Bits, toFloat32 } from '../shared/dtype.ts';
import { FacetError } from '../shared/errors.ts';
import type { FileDType, TensorReader } from '../shared/tensor-file.ts';
import type { WeightSpec } from './families/family.ts';
import { type PlannedSource, type PlannedWeight, planWeights, type WeightStorage } from './weight-plan.ts';

export type { WeightStorage } from './weight-plan.ts';

/** A matrix on the GPU: one tensor, or consecutive rows in several where a binding does not hold it. */
export interface Matrix {
  parts: readonly Tensor[];
  layout: WeightSpec['layout'];
}

/** GPU tensors by the runtime's names. */
export class Weights implements Disposable {
  constructor(private readonly matrices: ReadonlyMap<string, Matrix>) {}

  /** A tensor that is in one part, as vectors always are. */
  get(name: string): Tensor {
    const { parts } = this.matrix(name);
    if (parts.length > 1) throw new FacetError('bug', `weight "${name}" is in ${parts.length} parts`);
    return parts[0]!;
  }

  find(name: string): Tensor | undefined {
    return this.has(name) ? this.get(name) : undefined;
  }

  matrix(name: string): Matrix {
    const matrix = this.matrices.get(name);
    if (!matrix) throw new FacetError('bug', `no weight "${name}"`);
    return matrix;
  }

  has(name: string): boolean {
    return this.matrices.has(name);
  }

  [Symbol.dispose](): void {
    for (const { parts } of this.matrices.values()) parts.forEach((part) => part.dispose());
  }
}

export interface LoadWeightsOptions {
  storage: WeightStorage;
  signal?: AbortSignal;
  /** Bytes of the file that are on the GPU, of how many. */
  onProgress?: (doneBytes: number, totalBytes: number) => void;
  /** Longest tensor to make; default what a binding holds. */
  largestTensorBytes?: number;
}

/** Bytes read at a time: no tensor is ever whole in JavaScript's memory. */
const READ_BYTES = 2 ** 24;
/** What may be on its way to the GPU at once. */
const PENDING_BYTES = 2 ** 26;
const FILE_WIDTHS: Partial<Record<FileDType, number>> = { F32: 4, F16: 2, BF16: 2 };

/**
 * Streams every tensor into its buffer on the GPU, a part at a time. Everything is checked before the first allocation.
 * @throws FacetError `bad-file`, `unsupported`, `limits`, `out-of-memory`, `cancelled`
 */
export async function loadWeights(
  gpu: Gpu,
  file: TensorReader,
  specs: readonly WeightSpec[],
  options: LoadWeightsOptions,
): Promise<Weights> {
  const most = options.largestTensorBytes ?? gpu.largestTensorBytes;
  const planned: PlannedWeight[] = [];
  for (const weight of planWeights(file, specs, options.storage, most))
    if (!(await isTwin(file, weight, options.signal))) planned.push(weight);
  const matrices = new Map<string, Matrix>();
  const upload = new Upload(gpu, file, planned, options);
  try {
    for (const weight of planned) {
      const parts: Tensor[] = [];
      matrices.set(weight.spec.name, { parts, layout: weight.spec.layout });
      await upload.one(weight, parts);
    }
    return new Weights(matrices);
  } catch (thrown) {
    for (const { parts } of matrices.values()) parts.forEach((part) => part.dispose());
    throw FacetError.from(thrown);
  }
}

/** Whether the file holds the same values under another name. */
async function isTwin(
  file: TensorReader,
  { unless, sources, columns }: PlannedWeight,
  signal?: AbortSignal,
): Promise<boolean> {
  if (!unless) return false;
  const step = Math.max(1, Math.floor(READ_BYTES / (4 * columns)));
  for (let row = 0; row < unless.rows; row += step) {
    signal?.throwIfAborted();
    const end = Math.min(unless.rows, row + step);
    const [ours, theirs] = await Promise.all(
      [sources[0]!, unless].map(async ({ tensor, dtype }) =>
        toFloat32(await file.read(tensor, row * columns, end * columns), dtype),
      ),
    );
    if (ours!.length !== theirs!.length || ours!.some((value, i) => value !== theirs![i])) return false;
  }
  return true;
}

class Upload {
  #done = 0;
  #pending = 0;
  readonly #total: number;

  constructor(
    private readonly gpu: Gpu,
    private readonly file: TensorReader,
    planned: readonly PlannedWeight[],
    private readonly options: LoadWeightsOptions,
  ) {
    this.#total = planned
      .flatMap(({ sources, columns }) =>
        sources.map(({ rows, dtype }) => rows * columns * FILE_WIDTHS[dtype]!),
      )
      .reduce((sum, bytes) => sum + bytes, 0);
  }

  /** @param parts filled as they are allocated, so that a failure leaves none behind */
  async one(weight: PlannedWeight, parts: Tensor[]): Promise<void> {
    const { spec, sources, dtype, columns, cuts } = weight;
    for (let part = 0; part < cuts.length - 1; part++) {
      const rows = cuts[part + 1]! - cuts[part]!;
      parts.push(await this.gpu.reserve(spec.kind === 'vector' ? [rows] : [rows, columns], dtype));
    }
    for (const source of sources) {
      const rowBytes = columns * FILE_WIDTHS[source.dtype]!;
      const step = Math.max(1, Math.floor(READ_BYTES / rowBytes));
      for (let row = 0; row < source.rows; row += step) {
        this.options.signal?.throwIfAborted();
        const end = Math.min(source.rows, row + step);
        const bytes = await this.file.read(source.tensor, row * columns, end * columns);
        // Readers are checked where they are made; a short answer must still never pass for zeros.
        if (bytes.length !== (end - row) * rowBytes)
          throw new FacetError('bad-file', `Tensor "${source.tensor}" is shorter than its header says.`);
        this.#write(weight, parts, source, row, convert(weight, source, bytes));
        await this.#account(bytes.length);
      }
    }
  }

  /** Puts converted rows where they belong: runs of rows that stay together, cut where a part ends. */
  #write(
    { columns, cuts, spec: { interleaved } }: PlannedWeight,
    parts: readonly Tensor[],
    source: PlannedSource,
    first: number,
    values: Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer>,
  ): void {
    const count = values.length / columns;
    const run = interleaved ? source.rows / (interleaved.groups * interleaved.parts) : source.rows;
    let row = first;
    while (row < first + count) {
      const group = Math.floor(row / run);
      let target = source.firstRow + row;
      if (interleaved) {
        const { groups, parts: each } = interleaved;
        target = ((group % each) * groups + Math.floor(group / each)) * run + (row % run);
      }
      const part = cuts.findIndex((cut, i) => target >= cut && target < cuts[i + 1]!);
      const end = Math.min(first + count, (group + 1) * run, row + cuts[part + 1]! - target);
      const width = columns * values.BYTES_PER_ELEMENT;
      const rows = values.subarray((row - first) * columns, (end - first) * columns);
      this.gpu.write(parts[part]!, (target - cuts[part]!) * width, rows);
      row = end;
    }
  }

  async #account(bytes: number): Promise<void> {
    this.#done += bytes;
    this.#pending += bytes;
    this.options.onProgress?.(this.#done, this.#total);
    if (this.#pending < PENDING_BYTES) return;
    this.#pending = 0;
    await this.gpu.settled();
  }
}

/** @throws FacetError `unsupported` for a value f16 cannot hold */
function convert(
  { spec, dtype }: PlannedWeight,
  { tensor, dtype: from }: PlannedSource,
  bytes: Uint8Array<ArrayBuffer>,
): Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer> {
  if (dtype === 'bf16') return new Uint16Array(bytes.slice().buffer);
  if (dtype === 'f16' && from === 'F16') return new Uint16Array(bytes.slice().buffer);
  if (isPacked(dtype)) {
    const { bits, fits } = roundToFloat16Bits(bytes, from);
    if (fits) return bits;
    throw new FacetError('unsupported', `Tensor "${tensor}" has values that f16 cannot hold.`, {
      hint: 'Keep the weights as the file has them.',
    });
  }
  const values = toFloat32(bytes, from);
  const { plus } = spec;
  return plus === undefined ? values : values.map((value) => value + plus);
}
