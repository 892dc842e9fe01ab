import { FacetError } from '../shared/errors.ts';
import type { Gpu } from './gpu.ts';
import type { KernelSpec } from './kernel.ts';
import { byteLengthOf, type DType, isPacked, Tensor, type WeightDType } from './tensor.ts';

/** Arithmetic and traffic of one dispatch, so that a profile can say how far it is from the adapter's limits. */
export interface Cost {
  /** Floating-point operations; a multiply-add counts two. */
  flops: number;
  /** Bytes read and written if every input and output moved once. */
  bytes: number;
}

export interface RunArguments<D extends string, T extends string> {
  dims: Record<D, number>;
  tensors: Record<T, Tensor>;
  /** Workgroups in x, y, z. */
  groups: readonly [number, number?, number?];
  overrides?: Record<string, number>;
  cost: Cost;
}

export interface KernelTiming extends Cost {
  kernel: string;
  /** What the batch was doing, e.g. `blocks.2.mlp`; set by `Batch.scope`. */
  scope: string;
  gpuMs: number;
}

export type ReadArray = Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

const UNIFORM_STRIDE = 256; // minUniformBufferOffsetAlignment is at most this on every adapter
const MAX_GROUPS = 65_535; // maxComputeWorkgroupsPerDimension that WebGPU guarantees
const MAX_TIMED = 2_048; // a query set holds at most 4,096 timestamps

interface Dispatch {
  pipeline: GPUComputePipeline;
  bindGroup: (uniforms: GPUBuffer) => GPUBindGroup;
  groups: readonly [number, number, number];
  timing: Omit<KernelTiming, 'gpuMs'>;
}

type Step =
  | { dispatch: Dispatch }
  | { copy: { from: GPUBuffer; fromOffset: number; to: GPUBuffer; toOffset: number; size: number } };

/**
 * Work recorded for one submission. Nothing runs before `submit`; there is no readback inside. Scratch buffers that
 * are released are used again by later steps of the same batch, which WebGPU orders after the earlier ones. Tensors
 * from `gpu.tensor` that the batch uses must not be disposed of before `submit` was called.
 */
export class Batch {
  readonly #steps: Step[] = [];
  readonly #uniforms: number[][] = [];
  readonly #free = new Map<number, GPUBuffer[]>();
  readonly #owned = new Set<GPUBuffer>();
  #scope = '';
  #submitted = false;
  #failed = false;

  constructor(
    readonly gpu: Gpu,
    readonly label: string,
  ) {}

  /** Names what the following dispatches belong to, for the profile. */
  scope(name: string): this {
    this.#scope = name;
    return this;
  }

  /**
   * A tensor that lives until `release` or, at the latest, until the batch is submitted.
   * @throws FacetError `limits` when it is larger than a kernel can bind
   */
  scratch(shape: readonly number[], dtype: DType = 'f32'): Tensor {
    const bytes = Math.max(4, byteLengthOf(shape, dtype));
    if (bytes > this.gpu.largestTensorBytes) {
      throw new FacetError(
        'limits',
        `A result of ${Math.ceil(bytes / 2 ** 20)} MiB ([${shape.join(', ')}]) is larger than this adapter allows.`,
        { hint: 'Shorten the text, or ask for less of it at once.' },
      );
    }
    let buffer: GPUBuffer | undefined;
    for (const [size, list] of this.#free) {
      // The pool's classes make equal requests equal sizes; anything up to twice the need is worth reusing.
      if (size >= bytes && size <= 2 * Math.max(bytes, 256) && list.length > 0) {
        buffer = list.pop();
        break;
      }
    }
    buffer ??= this.gpu.pool.take(bytes);
    this.#owned.add(buffer);
    return new Tensor(buffer, shape, dtype, (given) => this.#reclaim(given));
  }

  /** Input data for this batch, e.g. token ids. Never shares a buffer with earlier steps of the batch. */
  input(data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>, shape: readonly number[]): Tensor {
    const dtype: DType = data instanceof Float32Array ? 'f32' : 'u32';
    const buffer = this.gpu.pool.take(Math.max(4, data.byteLength));
    this.gpu.device.queue.writeBuffer(buffer, 0, data);
    this.#owned.add(buffer);
    return new Tensor(buffer, shape, dtype, (given) => this.#reclaim(given));
  }

  release(...tensors: (Tensor | undefined)[]): void {
    for (const tensor of tensors) tensor?.dispose();
  }

  /**
   * Makes a scratch tensor outlive the batch: its buffer is no longer reclaimed here, and `dispose` gives it back to the
   * device's pool. For captures, which so need no copy.
   */
  keep(tensor: Tensor): Tensor {
    if (!this.#owned.delete(tensor.buffer))
      throw new FacetError('bug', 'only scratch tensors of this batch can be kept');
    return new Tensor(tensor.buffer, tensor.shape, tensor.dtype, (given) => {
      if (this.#failed) this.gpu.pool.destroy(given);
      else this.gpu.pool.give(given);
    });
  }

  #reclaim(buffer: GPUBuffer): void {
    if (this.#submitted || !this.#owned.has(buffer)) return;
    const list = this.#free.get(buffer.size);
    if (list) list.push(buffer);
    else this.#free.set(buffer.size, [buffer]);
  }

  /** Records one dispatch. @throws FacetError `bug` for a disposed tensor or more workgroups than WebGPU allows. */
  run<D extends string, T extends string>(kernel: KernelSpec<D, T>, args: RunArguments<D, T>): void {
    const [x, y = 1, z = 1] = args.groups;
    if (x === 0 || y === 0 || z === 0) return;
    if (Math.max(x, y, z) > MAX_GROUPS) {
      throw new FacetError('bug', `${kernel.name}: ${x}×${y}×${z} workgroups exceed ${MAX_GROUPS}`);
    }
    const names = Object.keys(kernel.tensors) as T[];
    const weights = names.find((name) => kernel.tensors[name] === 'weights');
    const stored = weights ? args.tensors[weights].dtype : 'f32';
    const variant = { weights: stored as WeightDType, overrides: args.overrides };
    for (const name of names) {
      const tensor = args.tensors[name];
      if (tensor.disposed) throw new FacetError('bug', `${kernel.name}: ${name} was disposed of`);
      const isWeights = kernel.tensors[name] === 'weights';
      if (isPacked(tensor.dtype) && !isWeights) {
        throw new FacetError('bug', `${kernel.name}: ${name} cannot be ${tensor.dtype}`);
      }
      if (isWeights && (tensor.dtype !== stored || stored === 'u32')) {
        throw new FacetError('bug', `${kernel.name}: weights must share one storage type`);
      }
    }
    const { pipeline, layout } = this.gpu.compiled(kernel, variant);
    const slot = this.#uniforms.length;
    this.#uniforms.push(packDims(kernel, args.dims));
    const buffers = names.map((name) => {
      const { buffer, byteLength } = args.tensors[name];
      return { buffer, size: Math.min(buffer.size, Math.max(16, Math.ceil(byteLength / 16) * 16)) };
    });
    const { device } = this.gpu;
    this.#steps.push({
      dispatch: {
        pipeline,
        bindGroup: (uniforms) =>
          device.createBindGroup({
            layout,
            entries: [
              { binding: 0, resource: { buffer: uniforms, offset: 0, size: UNIFORM_STRIDE } },
              // The tensor's own bytes: a pooled buffer may be larger than one binding may be.
              ...buffers.map(({ buffer, size }, index) => ({
                binding: index + 1,
                resource: { buffer, size },
              })),
            ],
          }),
        groups: [x, y, z],
        timing: { kernel: kernel.name, scope: this.#scope, ...args.cost },
      },
    });
    if (slot * UNIFORM_STRIDE > 2 ** 26) throw new FacetError('bug', 'a batch holds too many dispatches');
  }

  /** Copies whole tensors or ranges in bytes (multiples of 4). */
  copy(
    from: Tensor,
    to: Tensor,
    range: { fromOffset?: number; toOffset?: number; size?: number } = {},
  ): void {
    const { fromOffset = 0, toOffset = 0, size = Math.min(from.byteLength, to.byteLength) } = range;
    if (size === 0) return;
    this.#steps.push({ copy: { from: from.buffer, fromOffset, to: to.buffer, toOffset, size } });
  }

  /**
   * Submits everything once and, when asked, reads tensors back through one staging buffer and one map.
   * @param reads f32 or u32 tensors; the arrays come back in the same order, as copies the caller owns.
   */
  async submit(reads: readonly Tensor[] = []): Promise<{ arrays: ReadArray[]; timings: KernelTiming[] }> {
    if (this.#submitted) throw new FacetError('bug', 'batch submitted twice');
    this.#submitted = true;
    const { gpu } = this;
    const { device } = gpu;
    const dispatches = this.#steps.filter((step): step is { dispatch: Dispatch } => 'dispatch' in step);
    const timed = gpu.profiling && gpu.canTime && dispatches.length > 0 && dispatches.length <= MAX_TIMED;
    const readBytes = reads.reduce((sum, tensor) => sum + tensor.byteLength, 0);
    const timingBytes = timed ? dispatches.length * 16 : 0;
    const alignedReads = Math.ceil(readBytes / 8) * 8;
    const total = alignedReads + timingBytes;
    if (total > device.limits.maxBufferSize) {
      this.#returnBuffers();
      throw new FacetError(
        'limits',
        `Reading back ${readBytes} bytes at once is more than this adapter allows (${device.limits.maxBufferSize}).`,
        { hint: 'Ask for fewer activations, or for a shorter text.' },
      );
    }
    // A submission that fails must not pass for one that ran: its staging buffer would hold older numbers.
    device.pushErrorScope('validation');
    device.pushErrorScope('out-of-memory');
    const uniforms = this.#writeUniforms();
    const queries = timed
      ? device.createQuerySet({ type: 'timestamp', count: dispatches.length * 2 })
      : undefined;
    const resolved = timed
      ? device.createBuffer({
          size: timingBytes,
          usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
        })
      : undefined;
    const staging = total > 0 ? gpu.staging.take(total) : undefined;
    const encoder = device.createCommandEncoder({ label: this.label });
    this.#encode(encoder, uniforms, queries);
    if (staging) {
      let offset = 0;
      for (const tensor of reads) {
        if (tensor.byteLength > 0)
          encoder.copyBufferToBuffer(tensor.buffer, 0, staging, offset, tensor.byteLength);
        offset += tensor.byteLength;
      }
      if (queries && resolved) {
        encoder.resolveQuerySet(queries, 0, dispatches.length * 2, resolved, 0);
        encoder.copyBufferToBuffer(resolved, 0, staging, alignedReads, timingBytes);
      }
    }
    device.queue.submit([encoder.finish()]);
    gpu.counters.submissions += 1;
    gpu.counters.dispatches += dispatches.length;
    const faults = Promise.all([device.popErrorScope(), device.popErrorScope()]);
    try {
      const mapped = staging?.mapAsync(GPUMapMode.READ, 0, total);
      // Awaited together, so that a failed map is never left unhandled while the scopes are read.
      const [scopes, map] = await Promise.allSettled([faults, mapped]);
      const found = scopes.status === 'fulfilled' ? scopes.value.filter((error) => error !== null) : [];
      if (found.length > 0) throw this.#failure(found);
      if (map.status === 'rejected') {
        throw new FacetError('device-lost', 'The GPU stopped before the result could be read.', {
          detail: String(map.reason),
          cause: map.reason,
        });
      }
      this.#returnBuffers();
      if (!staging) return { arrays: [], timings: [] };
      const bytes = staging.getMappedRange(0, total);
      let offset = 0;
      const arrays = reads.map((tensor): ReadArray => {
        const own = bytes.slice(offset, offset + tensor.byteLength);
        offset += tensor.byteLength;
        return tensor.dtype === 'u32' ? new Uint32Array(own) : new Float32Array(own);
      });
      const timings = timed ? readTimings(bytes.slice(alignedReads), dispatches) : [];
      staging.unmap();
      gpu.staging.give(staging);
      gpu.counters.readbacks += 1;
      gpu.counters.bytesRead += readBytes;
      return { arrays, timings };
    } catch (thrown) {
      // Any of these buffers may be the invalid one, so none goes back to where the next batch would find it, nor do those
      // that were to outlive the batch.
      this.#failed = true;
      for (const buffer of this.#owned) gpu.pool.destroy(buffer);
      this.#owned.clear();
      if (staging) gpu.staging.destroy(staging);
      gpu.trim();
      throw thrown;
    } finally {
      uniforms?.destroy();
      resolved?.destroy();
      queries?.destroy();
    }
  }

  #failure(errors: readonly GPUError[]): FacetError {
    const detail = errors.map(({ message }) => message).join('; ');
    if (errors.some((error) => error instanceof GPUOutOfMemoryError) || this.gpu.takeOutOfMemory()) {
      return new FacetError('out-of-memory', 'The GPU has no room for this.', {
        hint: 'Shorten the text, or close other pages that use the GPU.',
        detail,
      });
    }
    return new FacetError('bug', `${this.label}: ${detail}`);
  }

  /** Gives up without running: every scratch buffer goes back to the pool. */
  discard(): void {
    this.#submitted = true;
    this.#returnBuffers();
  }

  #writeUniforms(): GPUBuffer | undefined {
    if (this.#uniforms.length === 0) return undefined;
    const data = new Uint32Array((this.#uniforms.length * UNIFORM_STRIDE) / 4);
    this.#uniforms.forEach((words, index) => data.set(words, (index * UNIFORM_STRIDE) / 4));
    const buffer = this.gpu.device.createBuffer({
      size: data.byteLength,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
    this.gpu.device.queue.writeBuffer(buffer, 0, data);
    return buffer;
  }

  #encode(
    encoder: GPUCommandEncoder,
    uniforms: GPUBuffer | undefined,
    queries: GPUQuerySet | undefined,
  ): void {
    let pass: GPUComputePassEncoder | undefined;
    let index = 0;
    for (const step of this.#steps) {
      if ('copy' in step) {
        pass?.end();
        pass = undefined;
        const { from, fromOffset, to, toOffset, size } = step.copy;
        encoder.copyBufferToBuffer(from, fromOffset, to, toOffset, size);
        continue;
      }
      if (queries) {
        // One pass per dispatch, so that each has a start and an end of its own.
        pass?.end();
        pass = encoder.beginComputePass({
          timestampWrites: {
            querySet: queries,
            beginningOfPassWriteIndex: index * 2,
            endOfPassWriteIndex: index * 2 + 1,
          },
        });
      }
      pass ??= encoder.beginComputePass({ label: this.label });
      pass.setPipeline(step.dispatch.pipeline);
      pass.setBindGroup(0, step.dispatch.bindGroup(uniforms!), [index * UNIFORM_STRIDE]);
      pass.dispatchWorkgroups(...step.dispatch.groups);
      index += 1;
    }
    pass?.end();
  }

  #returnBuffers(): void {
    for (const buffer of this.#owned) this.gpu.pool.give(buffer);
    this.#owned.clear();
    this.#free.clear();
  }
}

function packDims(kernel: KernelSpec, dims: Record<string, number>): number[] {
  const view = new DataView(new ArrayBuffer(4));
  return Object.entries(kernel.dims).map(([name, type]) => {
    const value = dims[name];
    if (value === undefined || Number.isNaN(value))
      throw new FacetError('bug', `${kernel.name}: dimension ${name} is ${value}`);
    if (type === 'f32') view.setFloat32(0, value, true);
    else if (type === 'i32') view.setInt32(0, value, true);
    else view.setUint32(0, value, true);
    return view.getUint32(0, true);
  });
}

function readTimings(bytes: ArrayBuffer, dispatches: readonly { dispatch: Dispatch }[]): KernelTiming[] {
  const stamps = new BigUint64Array(bytes);
  return dispatches.map(({ dispatch }, index) => ({
    ...dispatch.timing,
    gpuMs: Number(stamps[index * 2 + 1]! - stamps[index * 2]!) / 1e6,
  }));
}
