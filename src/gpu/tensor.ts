import { FacetError } from '../shared/errors.ts';

/** How weights may be stored: `f16` and `bf16` are packed in pairs and widened, exactly, where a kernel reads them. */
export type WeightDType = 'f32' | 'f16' | 'bf16';

/** Element types a tensor may hold. */
export type DType = WeightDType | 'u32';

/** Memory of a device, opaque above it: a `GPUBuffer`, or a place in the processor's memory. */
export interface DeviceBuffer {
  /** In bytes; at least what was asked for. */
  readonly size: number;
  destroy(): void;
}

/** Where a tensor of a batch will be: its buffer is chosen when the batch is submitted and all its uses are known. */
export class Place {
  buffer: DeviceBuffer | undefined;
}

/** How many bytes `elements` values of `dtype` take, rounded up to WebGPU's 4-byte granularity. */
export function byteLengthOf(shape: readonly number[], dtype: DType): number {
  const elements = elementsOf(shape);
  return isPacked(dtype) ? Math.ceil(elements / 2) * 4 : elements * 4;
}

export function isPacked(dtype: DType): boolean {
  return dtype === 'f16' || dtype === 'bf16';
}

export function elementsOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/**
 * A row-major array on a device. Whoever asked for it disposes of it; its buffer goes back to the pool it came from.
 * Using a tensor after `dispose` is a bug that `Batch.run` reports.
 */
export class Tensor implements Disposable {
  readonly byteLength: number;
  #disposed = false;

  constructor(
    readonly place: DeviceBuffer | Place,
    readonly shape: readonly number[],
    readonly dtype: DType,
    private readonly giveBack: (place: DeviceBuffer | Place) => void,
  ) {
    this.byteLength = byteLengthOf(shape, dtype);
  }

  /** @throws FacetError `bug` for a tensor of a batch that was not submitted */
  get buffer(): DeviceBuffer {
    const buffer = this.place instanceof Place ? this.place.buffer : this.place;
    if (buffer) return buffer;
    throw new FacetError('bug', 'a tensor of a batch has no buffer before the batch is submitted');
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  /** The same bytes under another shape of equal size; shares the buffer, so only the original is disposed. */
  reshaped(shape: readonly number[]): Tensor {
    if (elementsOf(shape) !== elementsOf(this.shape)) {
      throw new RangeError(`cannot view [${this.shape.join(', ')}] as [${shape.join(', ')}]`);
    }
    return new Tensor(this.place, shape, this.dtype, () => {});
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.giveBack(this.place);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
