import type { WeightDType } from '../gpu/tensor.ts';
import { toFloat32 } from '../shared/dtype.ts';
import { FacetError } from '../shared/errors.ts';
import type { FileDType, TensorReader } from '../shared/tensor-file.ts';
import type { RecordTensor, TensorBlock } from './record.ts';

/** `file` keeps f16 and bf16 matrices packed; `f32` widens everything. */
export type Storage = 'file' | 'f32';

/** Most elements of a matrix that are in memory at once. */
const PART = 2 ** 21;

const FLOATS: Partial<Record<FileDType, WeightDType>> = { F32: 'f32', F16: 'f16', BF16: 'bf16' };
const NUMBERS: Partial<Record<FileDType, (bytes: DataView) => number>> = {
  F64: (bytes) => bytes.getFloat64(0, true),
  I64: (bytes) => Number(bytes.getBigInt64(0, true)),
  I32: (bytes) => bytes.getInt32(0, true),
  U32: (bytes) => bytes.getUint32(0, true),
};

/** One number for each row or column of a matrix, by which it is multiplied or, unless it is 0, divided. */
export interface Scaling {
  by: 'row' | 'column';
  values: () => Promise<Float32Array>;
  divide?: boolean;
}

export interface MatrixOptions {
  /** The file may hold the transpose of `shape`: `always`, or where its shape says so (a square one is as declared). */
  turned?: 'never' | 'always' | 'by-shape';
  scale?: Scaling;
}

/**
 * The tensors of one weights file: checked by name, type and shape before anything is read, then read a part at a time.
 * All methods throw FacetError `bad-file` for what is missing or of another shape, `unsupported` for other types.
 */
export class TensorSource {
  constructor(
    private readonly reader: TensorReader,
    private readonly storage: Storage,
    /** What shapes are held against, for messages. */
    private readonly authority: string,
  ) {}

  has(name: string): boolean {
    return this.reader.info(name) !== undefined;
  }

  /** @throws FacetError `bad-file` when the tensor is missing */
  shape(name: string): readonly number[] {
    const info = this.reader.info(name);
    if (!info) throw new FacetError('bad-file', `The weights file has no tensor "${name}".`);
    return info.shape;
  }

  /** Rows and columns of a matrix. */
  size(name: string): [number, number] {
    const shape = this.shape(name);
    const [rows = 0, columns = 0] = shape;
    if (shape.length !== 2 || !shape.every((size) => Number.isInteger(size) && size > 0))
      throw new FacetError(
        'bad-file',
        `Tensor "${name}" has shape [${shape.join(', ')}]; it must be a matrix.`,
      );
    return [rows, columns];
  }

  #check(name: string, shape: readonly number[], turnable = false): void {
    const found = this.shape(name);
    const { dtype } = this.reader.info(name)!;
    if (!FLOATS[dtype]) {
      throw new FacetError('unsupported', `Tensor "${name}" is of type ${dtype}.`, {
        hint: 'Supported are F32, F16 and BF16.',
      });
    }
    const same = (other: readonly number[]): boolean =>
      found.length === other.length && found.every((size, axis) => size === other[axis]);
    if (same(shape) || (turnable && same(shape.toReversed()))) return;
    throw new FacetError(
      'bad-file',
      `Tensor "${name}" has shape [${found.join(', ')}]; ${this.authority} says [${shape.join(', ')}].`,
    );
  }

  /** A matrix [rows, columns]. Halves stay packed where they are not scaled. */
  matrix(name: string, shape: readonly [number, number], options: MatrixOptions = {}): RecordTensor {
    const { turned: turning = 'never', scale } = options;
    const [rows, columns] = shape;
    this.#check(name, turning === 'always' ? [columns, rows] : shape, turning === 'by-shape');
    const info = this.reader.info(name)!;
    const turned = turning === 'always' || info.shape[0] !== rows || info.shape[1] !== columns;
    const dtype = this.storage === 'f32' || scale ? 'f32' : FLOATS[info.dtype]!;
    const fileColumns = turned ? rows : columns;
    const step = Math.max(4, Math.floor(PART / fileColumns / 4) * 4);
    const part = (first: number, count: number) =>
      this.#part(name, dtype, first * fileColumns, count * fileColumns);
    const rowsOfFile = turned ? columns : rows;
    async function* blocks(): AsyncGenerator<TensorBlock> {
      const factors = await scale?.values();
      for (let first = 0; first < rowsOfFile; first += step) {
        const count = Math.min(step, rowsOfFile - first);
        const data = await part(first, count);
        const block: TensorBlock = turned
          ? { row: 0, column: first, rows, columns: count, data: transposed(data, count, fileColumns) }
          : { row: first, column: 0, rows: count, columns, data };
        if (scale && factors) rescale(block, scale, factors);
        yield block;
      }
    }
    return { shape, dtype, blocks };
  }

  /** A vector as f32, changed by `map`. */
  vector(
    name: string,
    length: number,
    map?: (values: Float32Array<ArrayBuffer>) => void | Promise<void>,
  ): RecordTensor {
    this.#check(name, [length]);
    return vectorOf(length, async () => {
      const values = (await this.#part(name, 'f32', 0, length)) as Float32Array<ArrayBuffer>;
      await map?.(values);
      return values;
    });
  }

  /** A single number, e.g. a threshold common to all latents. Of shape [] or [1] and any numeric type. */
  async number(name: string): Promise<number> {
    const shape = this.shape(name);
    const { dtype } = this.reader.info(name)!;
    if (shape.some((size) => size !== 1))
      throw new FacetError(
        'bad-file',
        `Tensor "${name}" has shape [${shape.join(', ')}]; it must be one number.`,
      );
    const read = NUMBERS[dtype];
    if (!read) {
      this.#check(name, shape);
      return (await this.#part(name, 'f32', 0, 1))[0]!;
    }
    const bytes = await this.#bytes(name, 0, 1, ['F64', 'I64'].includes(dtype) ? 8 : 4);
    return read(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }

  /** L2 norms of the rows of a matrix, which is read for them. */
  async norms(
    name: string,
    shape: readonly [number, number],
    options: MatrixOptions = {},
  ): Promise<Float32Array> {
    const sums = new Float64Array(shape[0]);
    const { blocks } = new TensorSource(this.reader, 'f32', this.authority).matrix(name, shape, options);
    for await (const { row, columns, data } of blocks()) {
      for (let i = 0; i < data.length; i++) sums[row + Math.floor(i / columns)]! += data[i]! * data[i]!;
    }
    return Float32Array.from(sums, Math.sqrt);
  }

  async #part(
    name: string,
    wanted: WeightDType,
    from: number,
    count: number,
  ): Promise<Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer>> {
    const { dtype } = this.reader.info(name)!;
    const bytes = await this.#bytes(name, from, count, dtype === 'F32' ? 4 : 2);
    // Copied, because a tensor may begin at any byte of its file.
    return wanted === 'f32' ? toFloat32(bytes, dtype) : new Uint16Array(bytes.slice().buffer);
  }

  async #bytes(name: string, from: number, count: number, width: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = await this.reader.read(name, from, from + count);
    if (bytes.byteLength !== count * width) {
      throw new FacetError(
        'bad-file',
        `Tensor "${name}" has ${bytes.byteLength} bytes instead of ${count * width}.`,
      );
    }
    return bytes;
  }
}

/** A vector that is computed when it is called for. */
export function vectorOf(length: number, values: () => Promise<Float32Array<ArrayBuffer>>): RecordTensor {
  return {
    shape: [length],
    dtype: 'f32',
    async *blocks() {
      yield { row: 0, column: 0, rows: 1, columns: length, data: await values() };
    },
  };
}

/** The values of a vector. */
export async function vectorValues(tensor: RecordTensor): Promise<Float32Array<ArrayBuffer>> {
  for await (const { data } of tensor.blocks()) return data as Float32Array<ArrayBuffer>;
  throw new FacetError('bug', 'a vector without values');
}

/** [rows, columns] → [columns, rows] */
function transposed<Values extends Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer>>(
  data: Values,
  rows: number,
  columns: number,
): Values {
  const out = data.slice() as Values;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) out[column * rows + row] = data[row * columns + column]!;
  }
  return out;
}

function rescale({ row, column, columns, data }: TensorBlock, scale: Scaling, factors: Float32Array): void {
  for (let i = 0; i < data.length; i++) {
    const factor = factors[scale.by === 'row' ? row + Math.floor(i / columns) : column + (i % columns)]!;
    if (!scale.divide) data[i]! *= factor;
    else if (factor !== 0) data[i]! /= factor;
  }
}
