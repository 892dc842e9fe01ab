import { FacetError } from '../../shared/errors.ts';
import type { Outcome, Recording } from '../batch.ts';
import {
  type AdapterDescription,
  findAdapter,
  type FoundAdapter,
  type GpuNeeds,
  openDevice,
} from '../device.ts';
import { type Data, Gpu } from '../gpu.ts';
import { type KernelSpec, shaderText, type Variant, variantKey } from '../kernel.ts';
import { BufferPool } from '../pool.ts';
import type { DeviceBuffer, Tensor } from '../tensor.ts';
import { MAX_TIMED, submit } from './submit.ts';

export interface CompiledKernel {
  pipeline: GPUComputePipeline;
  layout: GPUBindGroupLayout;
}

/** Kernels as WGSL, on the visitor's graphics card or on a software adapter that stands for one. */
export class WebGpu extends Gpu {
  readonly staging: BufferPool<GPUBuffer>;
  readonly lost: Promise<string>;

  readonly #compiled = new Map<string, CompiledKernel>();
  readonly #pending = new Map<string, Promise<void>>();

  constructor(
    readonly device: GPUDevice,
    adapter: AdapterDescription,
  ) {
    super(adapter);
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    this.staging = new BufferPool(this.counting((size) => device.createBuffer({ size, usage })));
    device.onuncapturederror = ({ error }) => {
      // An allocation that fails while a batch is recorded is reported by that batch, when it is submitted.
      if (error instanceof GPUOutOfMemoryError) this.noteOutOfMemory();
      else this.onError(new FacetError('bug', error.message));
    };
    this.lost = new Promise((resolve) => {
      void device.lost.then((info) => {
        if (info.reason !== 'destroyed') resolve(info.message || 'unknown');
      });
    });
  }

  static override async acquire(needs: GpuNeeds): Promise<WebGpu> {
    return WebGpu.open(await findAdapter(needs));
  }

  static async open(found: FoundAdapter): Promise<WebGpu> {
    const { device, adapter } = await openDevice(found);
    return new WebGpu(device, adapter);
  }

  get canTime(): boolean {
    return this.device.features.has('timestamp-query');
  }

  get largestTensorBytes(): number {
    const { maxStorageBufferBindingSize, maxBufferSize } = this.device.limits;
    return Math.min(maxStorageBufferBindingSize, maxBufferSize);
  }

  get largestReadBytes(): number {
    // The timestamps of a profile come through the same buffer.
    return this.device.limits.maxBufferSize - 16 * (MAX_TIMED + 1);
  }

  protected allocate(size: number): GPUBuffer {
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    return this.device.createBuffer({ size, usage });
  }

  override trim(): void {
    super.trim();
    this.staging.trim();
  }

  protected async orOutOfMemory(make: () => Tensor): Promise<Tensor> {
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

  protected put(buffer: DeviceBuffer, byteOffset: number, data: Data): void {
    this.device.queue.writeBuffer(buffer as GPUBuffer, byteOffset, data);
  }

  async settled(): Promise<void> {
    this.device.queue.submit([]);
    await this.device.queue.onSubmittedWorkDone();
  }

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

  program(kernel: KernelSpec, variant: Variant): CompiledKernel {
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

  execute(recording: Recording): Promise<Outcome> {
    return submit(this, recording);
  }

  [Symbol.dispose](): void {
    this.device.destroy();
  }
}
