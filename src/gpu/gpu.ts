import { FacetError } from '../shared/errors.ts';
import { Batch, type Outcome, type Recording } from './batch.ts';
import type { AdapterDescription, Backend, BackendChoice, GpuNeeds } from './device.ts';
import type { KernelSpec, Variant } from './kernel.ts';
import { BufferPool } from './pool.ts';
import { byteLengthOf, type DeviceBuffer, type DType, Tensor, type WeightDType } from './tensor.ts';

/** Running totals since the device was made; an analysis reports the difference it caused. */
export interface Counters {
  submissions: number;
  readbacks: number;
  dispatches: number;
  /** Bytes copied from the device to JavaScript. */
  bytesRead: number;
  /** Bytes of tensors copied from JavaScript to the device. */
  bytesWritten: number;
  /** Buffers the device was asked for: weights, scratch and staging; one that is pooled and used again counts once. */
  buffersCreated: number;
  /** Bytes the dispatches read and wrote, were every input and output moved once (`Cost.bytes`), and copies. */
  bytesMoved: number;
  /** Floating-point operations of the dispatches (`Cost.flops`). */
  flops: number;
}

export function noCounts(): Counters {
  return {
    submissions: 0,
    readbacks: 0,
    dispatches: 0,
    bytesRead: 0,
    bytesWritten: 0,
    buffersCreated: 0,
    bytesMoved: 0,
    flops: 0,
  };
}

export type Data = Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Uint16Array<ArrayBuffer>;

/**
 * One device and what is kept on it: pooled buffers, compiled kernels, counters. Knows no model. `webgpu/` and `cpu/`
 * hold the two there are; everything above records batches and does not know which one runs them.
 */
export abstract class Gpu implements Disposable {
  readonly pool = new BufferPool(this.counting((size) => this.allocate(size)));
  readonly counters = noCounts();
  /** Variants that were compiled when they were first run, because `prepare` had not: a pause somebody noticed. */
  readonly lateKernels: string[] = [];
  /** Resolves with the reason when the device is gone; never resolves for one we disposed of. */
  abstract readonly lost: Promise<string>;
  /** Called with validation errors nobody awaited: always a bug of ours. */
  onError: (error: FacetError) => void = (error) => console.error(error);
  /** When true each dispatch is timed, if the device can. */
  profiling = false;

  readonly #weights = this.counting((size) => this.allocate(size));
  #allocatedBytes = 0;
  #peakBytes = 0;
  #outOfMemory = false;

  constructor(readonly adapter: AdapterDescription) {}

  /** See `acquireGpu`. */
  static async acquire(needs: GpuNeeds, choice: BackendChoice = 'webgpu'): Promise<Gpu> {
    const { acquireGpu } = await import('./acquire.ts');
    return acquireGpu(needs, choice);
  }

  get backend(): Backend {
    return this.adapter.backend;
  }

  abstract get canTime(): boolean;

  /** Largest tensor one kernel can read or write, in bytes. */
  abstract get largestTensorBytes(): number;

  /** Most bytes one batch can read back. */
  abstract get largestReadBytes(): number;

  /** A buffer of `size` bytes. One there is no room for is reported by the batch that uses it, when it is submitted. */
  protected abstract allocate(size: number): DeviceBuffer;

  /** Tells a buffer's maker to count it in `allocatedBytes`, its peak and `buffersCreated`. */
  protected counting<B extends DeviceBuffer>(
    allocate: (size: number) => B,
  ): { create(size: number): B; destroy(buffer: B): void } {
    return {
      create: (size) => {
        const buffer = allocate(size);
        this.counters.buffersCreated += 1;
        this.#allocatedBytes += buffer.size;
        this.#peakBytes = Math.max(this.#peakBytes, this.#allocatedBytes);
        return buffer;
      },
      destroy: (buffer) => {
        this.#allocatedBytes -= buffer.size;
        buffer.destroy();
      },
    };
  }

  /** Bytes held on the device: weights and pooled buffers. */
  get allocatedBytes(): number {
    return this.#allocatedBytes;
  }

  /** The most `allocatedBytes` has been since the device was made or `resetPeak` was called. */
  get peakBytes(): number {
    return this.#peakBytes;
  }

  resetPeak(): void {
    this.#peakBytes = this.#allocatedBytes;
  }

  /** An uninitialised tensor from the pool; `dispose` returns it. */
  tensor(shape: readonly number[], dtype: DType = 'f32'): Tensor {
    const buffer = this.pool.take(Math.max(4, byteLengthOf(shape, dtype)));
    return new Tensor(buffer, shape, dtype, () => this.pool.give(buffer));
  }

  /** A tensor with a buffer of exactly its size, outside the pool: for weights, which live long and are large. */
  weights(shape: readonly number[], dtype: DType): Tensor {
    const buffer = this.#weights.create(Math.max(16, Math.ceil(byteLengthOf(shape, dtype) / 16) * 16));
    return new Tensor(buffer, shape, dtype, () => this.#weights.destroy(buffer));
  }

  protected noteOutOfMemory(): void {
    this.#outOfMemory = true;
  }

  /** Whether an allocation failed since this was last asked. */
  takeOutOfMemory(): boolean {
    const failed = this.#outOfMemory;
    this.#outOfMemory = false;
    return failed;
  }

  /** Gives every pooled buffer that is not in use back to the device. */
  trim(): void {
    this.pool.trim();
  }

  /**
   * `upload` that waits until the device has said whether there was room.
   * @throws FacetError `out-of-memory`
   */
  uploadWeights(data: Data, shape: readonly number[]): Promise<Tensor> {
    return this.orOutOfMemory(() => this.upload(data, shape));
  }

  /**
   * `weights` that waits until the device has said whether there was room; filled by `write`, a part at a time.
   * @throws FacetError `out-of-memory`
   */
  reserve(shape: readonly number[], dtype: WeightDType): Promise<Tensor> {
    return this.orOutOfMemory(() => this.weights(shape, dtype));
  }

  /** What `make` makes, if there was room for it. @throws FacetError `out-of-memory` */
  protected abstract orOutOfMemory(make: () => Tensor): Promise<Tensor>;

  /** A tensor holding `data`; `Uint16Array` means raw bits of `packed`. Not for use inside a half-recorded batch. */
  upload(data: Data, shape: readonly number[], packed: 'f16' | 'bf16' = 'f16'): Tensor {
    const dtype: DType = data instanceof Float32Array ? 'f32' : data instanceof Uint32Array ? 'u32' : packed;
    const tensor = this.weights(shape, dtype);
    this.write(tensor, 0, data);
    return tensor;
  }

  /** Writes `data` at `byteOffset` (a multiple of 4). An odd count of f16 values is padded with a zero. */
  write(tensor: Tensor, byteOffset: number, data: Data): void {
    this.writeBuffer(tensor.buffer, byteOffset, data);
  }

  /** `write`, for buffers that belong to no tensor yet. Comes after every batch that was submitted before. */
  writeBuffer(buffer: DeviceBuffer, byteOffset: number, data: Data): void {
    if (data.byteLength === 0) return;
    let whole = data;
    if (data.byteLength % 4 !== 0) {
      whole = new Uint16Array(data.length + 1);
      whole.set(data);
    }
    this.counters.bytesWritten += whole.byteLength;
    this.put(buffer, byteOffset, whole);
  }

  protected abstract put(buffer: DeviceBuffer, byteOffset: number, data: Data): void;

  /** Waits until everything written so far has left JavaScript's memory. */
  abstract settled(): Promise<void>;

  batch(label: string): Batch {
    return new Batch(this, label);
  }

  /** Compiles variants ahead of use, in parallel; safe to call while a download runs. */
  abstract prepare(kernels: readonly { kernel: KernelSpec; variant?: Variant }[]): Promise<void>;

  /** What this device runs for a kernel and its variant, made now when `prepare` did not. */
  abstract program(kernel: KernelSpec, variant: Variant): unknown;

  /**
   * Runs what a batch recorded, for `Batch.submit`. Everything the recording names is used before the first await.
   * @throws FacetError when any of it failed: nothing of it was read then
   */
  abstract execute(recording: Recording): Promise<Outcome>;

  abstract [Symbol.dispose](): void;
}
