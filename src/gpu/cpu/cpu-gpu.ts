import { CPU_LARGEST_TENSOR } from '../../shared/cpu-limits.ts';
import { FacetError } from '../../shared/errors.ts';
import type { Copy, Dispatch, KernelTiming, Outcome, ReadArray, Recording } from '../batch.ts';
import type { AdapterDescription, CpuReason } from '../device.ts';
import { type Data, Gpu } from '../gpu.ts';
import type { KernelSpec } from '../kernel.ts';
import type { DeviceBuffer, Tensor } from '../tensor.ts';
import { loadWasm, type Wasm } from '../wasm/index.ts';
import { CPU_KERNELS } from './index.ts';
import type { CpuKernel } from './kernel.ts';
import { View } from './view.ts';

/** An area of the one memory; without an address where there was no room for it. */
class CpuBuffer implements DeviceBuffer {
  constructor(
    private readonly wasm: Wasm,
    readonly size: number,
    readonly ptr: number | undefined,
  ) {}

  destroy(): void {
    if (this.ptr !== undefined) this.wasm.free(this.ptr);
  }
}

/**
 * Kernels on the processor, over tensors in one WebAssembly memory of at most 4 GiB. All steps of a batch run inside
 * `submit`, in order and before it returns: so writes, batches and buffers that are used again follow each other as they
 * do in the queue of a graphics card, and a tensor may be disposed of as soon as `submit` was called.
 */
export class CpuGpu extends Gpu {
  readonly canTime = true;
  readonly largestTensorBytes = CPU_LARGEST_TENSOR;
  readonly largestReadBytes = CPU_LARGEST_TENSOR;
  /** The processor is never lost. */
  readonly lost = new Promise<string>(() => {});

  constructor(
    readonly wasm: Wasm,
    reason: CpuReason,
  ) {
    super(describe(wasm, reason));
  }

  /** @throws FacetError `unsupported` without WebAssembly SIMD, `network` when the kernels do not load */
  static async open(reason: CpuReason): Promise<CpuGpu> {
    return new CpuGpu(await loadWasm(), reason);
  }

  protected allocate(size: number): CpuBuffer {
    return new CpuBuffer(this.wasm, size, this.#room(size));
  }

  #room(size: number): number | undefined {
    try {
      return this.wasm.alloc(size);
    } catch (thrown) {
      // Reported by the batch that uses it, as on a graphics card.
      const { code } = FacetError.from(thrown);
      if (code === 'out-of-memory' || code === 'limits') return undefined;
      throw thrown;
    }
  }

  protected orOutOfMemory(make: () => Tensor): Promise<Tensor> {
    const tensor = make();
    if ((tensor.buffer as CpuBuffer).ptr !== undefined) return Promise.resolve(tensor);
    tensor.dispose();
    return Promise.reject(noRoom('these weights'));
  }

  protected put(buffer: DeviceBuffer, byteOffset: number, data: Data): void {
    const { ptr, size } = buffer as CpuBuffer;
    if (byteOffset + data.byteLength > size) {
      throw new FacetError('bug', `${data.byteLength} bytes at ${byteOffset} do not fit a buffer of ${size}`);
    }
    if (ptr === undefined) return;
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    new Uint8Array(this.wasm.memory.buffer, ptr + byteOffset, bytes.length).set(bytes);
  }

  settled(): Promise<void> {
    return aTask();
  }

  prepare(): Promise<void> {
    return Promise.resolve();
  }

  program({ name }: KernelSpec): CpuKernel['run'] {
    const run = CPU_KERNELS.get(name);
    if (!run) throw new FacetError('bug', `there is no kernel ${name} for the processor`);
    return run;
  }

  async execute({ label, steps, reads }: Recording): Promise<Outcome> {
    const timings: KernelTiming[] = [];
    for (const step of steps) {
      if ('copy' in step) this.#copy(label, step.copy);
      else {
        const started = performance.now();
        this.#dispatch(label, step.dispatch);
        if (this.profiling) timings.push({ ...step.dispatch.timing, gpuMs: performance.now() - started });
      }
    }
    const arrays = reads.map((tensor): ReadArray => {
      const { ptr } = this.#held(tensor.buffer);
      const own = this.wasm.memory.buffer.slice(ptr, ptr + tensor.byteLength);
      return tensor.dtype === 'u32' ? new Uint32Array(own) : new Float32Array(own);
    });
    // Messages that came meanwhile, such as a wish to stop, have their turn, as they do while a graphics card works.
    await aTask();
    return { arrays, timings };
  }

  #dispatch(label: string, { kernel, variant, program, dims, tensors }: Dispatch): void {
    const views: Record<string, View> = {};
    Object.keys(kernel.tensors).forEach((name, i) => {
      const { buffer, byteLength, dtype } = tensors[i]!;
      views[name] = new View(this.wasm.memory, this.#held(buffer).ptr, byteLength, dtype);
    });
    const overrides = { ...kernel.overrides, ...variant.overrides };
    const run = program as CpuKernel['run'];
    try {
      run({ dims, tensors: views, overrides, wasm: this.wasm });
    } catch (cause) {
      if (cause instanceof FacetError) throw cause;
      throw new FacetError('bug', `${label}: ${kernel.name} failed: ${String(cause)}`, { cause });
    }
  }

  #copy(label: string, { from, fromOffset, to, toOffset, size }: Copy): void {
    const [source, target] = [this.#held(from), this.#held(to)];
    if (fromOffset + size > from.size || toOffset + size > to.size)
      throw new FacetError('bug', `${label}: a copy of ${size} bytes leaves its buffers`);
    const start = source.ptr + fromOffset;
    new Uint8Array(this.wasm.memory.buffer).copyWithin(target.ptr + toOffset, start, start + size);
  }

  #held(buffer: DeviceBuffer): { ptr: number } {
    const { ptr } = buffer as CpuBuffer;
    if (ptr === undefined) throw noRoom('this');
    return { ptr };
  }

  /** The memory itself goes when nobody holds the device any more. */
  [Symbol.dispose](): void {}
}

function noRoom(what: string): FacetError {
  return new FacetError('out-of-memory', `There is no memory for ${what}.`, {
    hint: 'Shorten the text, close other pages, or choose a smaller model or dictionary.',
  });
}

function describe(wasm: Wasm, reason: CpuReason): AdapterDescription {
  return {
    backend: 'cpu',
    reason,
    vendor: '',
    architecture: '',
    description: wasm.relaxed ? 'CPU, 4-wide SIMD with fused multiply-add' : 'CPU, 4-wide SIMD',
    software: true,
    features: [],
    limits: {
      maxBufferSize: CPU_LARGEST_TENSOR,
      maxStorageBufferBindingSize: CPU_LARGEST_TENSOR,
      maxComputeWorkgroupStorageSize: 0,
    },
  };
}

/** Resolves in a task of its own, after those that wait. Timers would take milliseconds. */
function aTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
