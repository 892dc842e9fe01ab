import { FacetError } from '../shared/errors.ts';
import { Batch } from './batch.ts';
import { acquireDevice, type AdapterDescription, type GpuNeeds } from './device.ts';
import { type KernelSpec, shaderText, type Variant, variantKey } from './kernel.ts';
import { BufferPool } from './pool.ts';
import { byteLengthOf, type DType, Tensor, type WeightDType } from './tensor.ts';

/** Running totals since the device was made; an analysis reports the difference it caused. */
export interface Counters {
  submissions: number;
  readbacks: number;
  dispatches: number;
  /** Bytes copied from the GPU to JavaScript. */
  bytesRead: number;
}

export interface CompiledKernel {
  pipeline: GPUComputePipeline;
  layout: GPUBindGroupLayout;
}

/** One device and what is kept on it: compiled kernels, pooled buffers, counters. Knows no model. */
export class Gpu implements Disposable {
  readonly pool: BufferPool;
  readonly staging: BufferPool;
  readonly counters: Counters = { submissions: 0, readbacks: 0, dispatches: 0, bytesRead: 0 };
  /** Variants that were compiled when they were first run, because `prepare` had not: a pause somebody noticed. */
  readonly lateKernels: string[] = [];
  /** Resolves with the browser's reason when the device is gone; never resolves for one we disposed of. */
  readonly lost: Promise<string>;
  /** Called with validation errors nobody awaited: always a bug of ours. */
  onError: (error: FacetError) => void = (error) => console.error(error);
  /** When true each dispatch is timed on the GPU, if the adapter can. */
  profiling = false;

  readonly #compiled = new Map<string, CompiledKernel>();
  readonly #pending = new Map<string, Promise<void>>();
  #weightBytes = 0;
  #outOfMemory = false;

  constructor(
    readonly device: GPUDevice,
    readonly adapter: AdapterDescription,
  ) {
    const storage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    this.pool = new BufferPool(device, storage);
    this.staging = new BufferPool(device, GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST);
    device.onuncapturederror = ({ error }) => {
      // An allocation that fails while a batch is recorded is reported by that batch, when it is submitted.
      if (error instanceof GPUOutOfMemoryError) this.#outOfMemory = true;
      else this.onError(new FacetError('bug', error.message));
    };
    this.lost = new Promise((resolve) => {
      void device.lost.then((info) => {
        if (info.reason !== 'destroyed') resolve(info.message || 'unknown');
      });
    });
  }

  static async acquire(needs: GpuNeeds): Promise<Gpu> {
    const { device, adapter } = await acquireDevice(needs);
    return new Gpu(device, adapter);
  }

  get canTime(): boolean {
    return this.device.features.has('timestamp-query');
  }

  /** Bytes held on the device: weights and pooled buffers. */
  get allocatedBytes(): number {
    return this.pool.allocatedBytes + this.staging.allocatedBytes + this.#weightBytes;
  }

  /** An uninitialised tensor from the pool; `dispose` returns it. */
  tensor(shape: readonly number[], dtype: DType = 'f32'): Tensor {
    const buffer = this.pool.take(Math.max(4, byteLengthOf(shape, dtype)));
    return new Tensor(buffer, shape, dtype, (given) => this.pool.give(given));
  }

  /** A tensor with a buffer of exactly its size, outside the pool: for weights, which live long and are large. */
  weights(shape: readonly number[], dtype: DType): Tensor {
    const size = Math.max(16, Math.ceil(byteLengthOf(shape, dtype) / 16) * 16);
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const buffer = this.device.createBuffer({ size, usage });
    this.#weightBytes += size;
    return new Tensor(buffer, shape, dtype, (given) => {
      this.#weightBytes -= size;
      given.destroy();
    });
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
    this.staging.trim();
  }

  /** Largest tensor one kernel can read or write, in bytes. */
  get largestTensorBytes(): number {
    const { maxStorageBufferBindingSize, maxBufferSize } = this.device.limits;
    return Math.min(maxStorageBufferBindingSize, maxBufferSize);
  }

  /**
   * `upload` that waits until the device has said whether there was room.
   * @throws FacetError `out-of-memory`
   */
  async uploadWeights(
    data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Uint16Array<ArrayBuffer>,
    shape: readonly number[],
  ): Promise<Tensor> {
    return this.#orOutOfMemory(() => this.upload(data, shape));
  }

  /**
   * `weights` that waits until the device has said whether there was room; filled by `write`, a part at a time.
   * @throws FacetError `out-of-memory`
   */
  reserve(shape: readonly number[], dtype: WeightDType): Promise<Tensor> {
    return this.#orOutOfMemory(() => this.weights(shape, dtype));
  }

  async #orOutOfMemory(make: () => Tensor): Promise<Tensor> {
    // The scope must not stay open while other work runs: its failures would be taken for this one's.
    this.device.pushErrorScope('out-of-memory');
    const tensor = make();
    const failed = await this.device.popErrorScope();
    if (!failed) return tensor;
    tensor.dispose();
    throw new FacetError('out-of-memory', 'The GPU has no room for these weights.', {
      hint: 'Close other pages that use the GPU, or choose a smaller model or dictionary.',
      detail: failed.message,
    });
  }

  /** A tensor holding `data`; `Uint16Array` means raw bits of `packed`. Not for use inside a half-recorded batch. */
  upload(
    data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Uint16Array<ArrayBuffer>,
    shape: readonly number[],
    packed: 'f16' | 'bf16' = 'f16',
  ): Tensor {
    const dtype: DType = data instanceof Float32Array ? 'f32' : data instanceof Uint32Array ? 'u32' : packed;
    const tensor = this.weights(shape, dtype);
    this.write(tensor, 0, data);
    return tensor;
  }

  /** Writes `data` at `byteOffset` (a multiple of 4). An odd count of f16 values is padded with a zero. */
  write(
    tensor: Tensor,
    byteOffset: number,
    data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Uint16Array<ArrayBuffer>,
  ): void {
    if (data.byteLength === 0) return;
    if (data.byteLength % 4 === 0) {
      this.device.queue.writeBuffer(tensor.buffer, byteOffset, data);
    } else {
      const padded = new Uint16Array(data.length + 1);
      padded.set(data);
      this.device.queue.writeBuffer(tensor.buffer, byteOffset, padded);
    }
  }

  /** Waits until everything written so far has left JavaScript's memory. */
  async settled(): Promise<void> {
    this.device.queue.submit([]);
    await this.device.queue.onSubmittedWorkDone();
  }

  batch(label: string): Batch {
    return new Batch(this, label);
  }

  /** Compiles variants ahead of use, in parallel; safe to call while a download runs. */
  async prepare(kernels: readonly { kernel: KernelSpec; variant?: Variant }[]): Promise<void> {
    await Promise.all(kernels.map(({ kernel, variant = {} }) => this.#prepareOne(kernel, variant)));
  }

  #prepareOne(kernel: KernelSpec, variant: Variant): Promise<void> {
    const key = variantKey(kernel, variant);
    if (this.#compiled.has(key)) return Promise.resolve();
    const pending = this.#pending.get(key);
    if (pending) return pending;
    const layout = this.#layout(kernel);
    const compile = this.device
      .createComputePipelineAsync(this.#descriptor(kernel, variant, layout))
      .then((pipeline) => void this.#compiled.set(key, { pipeline, layout }))
      .finally(() => this.#pending.delete(key));
    this.#pending.set(key, compile);
    return compile;
  }

  /** The compiled variant, compiling now when `prepare` did not. */
  compiled(kernel: KernelSpec, variant: Variant): CompiledKernel {
    const key = variantKey(kernel, variant);
    const ready = this.#compiled.get(key);
    if (ready) return ready;
    this.lateKernels.push(key);
    const layout = this.#layout(kernel);
    const pipeline = this.device.createComputePipeline(this.#descriptor(kernel, variant, layout));
    const made = { pipeline, layout };
    this.#compiled.set(key, made);
    return made;
  }

  #layout(kernel: KernelSpec): GPUBindGroupLayout {
    const entries: GPUBindGroupLayoutEntry[] = [
      { binding: 0, visibility: GPUShaderStage.COMPUTE, buffer: { type: 'uniform', hasDynamicOffset: true } },
    ];
    Object.values<'read' | 'write' | 'weights'>(kernel.tensors).forEach((access, index) => {
      const type = access === 'write' ? 'storage' : 'read-only-storage';
      entries.push({ binding: index + 1, visibility: GPUShaderStage.COMPUTE, buffer: { type } });
    });
    return this.device.createBindGroupLayout({ label: kernel.name, entries });
  }

  #descriptor(
    kernel: KernelSpec,
    variant: Variant,
    layout: GPUBindGroupLayout,
  ): GPUComputePipelineDescriptor {
    const module = this.device.createShaderModule({ label: kernel.name, code: shaderText(kernel, variant) });
    return {
      label: variantKey(kernel, variant),
      layout: this.device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: 'main', constants: { ...variant.overrides } },
    };
  }

  [Symbol.dispose](): void {
    this.device.destroy();
  }
}
