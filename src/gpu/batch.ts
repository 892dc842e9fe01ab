import { FacetError } from '../shared/errors.ts';
import type { Gpu } from './gpu.ts';
import type { KernelSpec, Variant } from './kernel.ts';
import { type Life, planBuffers } from './plan.ts';
import {
  byteLengthOf,
  type DeviceBuffer,
  type DType,
  isPacked,
  Place,
  Tensor,
  type WeightDType,
} from './tensor.ts';

/** Arithmetic and traffic of one dispatch, so that a profile can say how far it is from the device's limits. */
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
  /** Milliseconds the dispatch took: between GPU timestamps or, on the processor, by its clock. */
  gpuMs: number;
}

export type ReadArray = Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

const MAX_GROUPS = 65_535; // maxComputeWorkgroupsPerDimension that WebGPU guarantees
const MAX_DISPATCHES = 2 ** 18; // of 256 bytes of uniforms each

/** One dispatch as a device runs it. */
export interface Dispatch {
  kernel: KernelSpec;
  variant: Variant;
  /** What `Gpu.program` gave for them. */
  program: unknown;
  /** As the kernel declares their types: whole for u32 and i32, single precision for f32. */
  dims: Readonly<Record<string, number>>;
  /** In the order of the kernel's tensors. */
  tensors: readonly Tensor[];
  groups: readonly [number, number, number];
  timing: Omit<KernelTiming, 'gpuMs'>;
}

export interface Copy {
  from: DeviceBuffer;
  fromOffset: number;
  to: DeviceBuffer;
  toOffset: number;
  size: number;
}

export type Step = { dispatch: Dispatch } | { copy: Copy };

/** A step while the batch is recorded, when scratch tensors have no buffers yet and kernels need not be compiled. */
type Recorded =
  | { dispatch: Omit<Dispatch, 'program'> }
  | { copy: Omit<Copy, 'from' | 'to'> & { from: Tensor; to: Tensor } };

/** A scratch tensor's bytes and uses; `kept` outlives the batch. */
type Scratch = Life & { kept: boolean };

/** What `Gpu.execute` is given: the steps in order, then what is read back of them. */
export interface Recording {
  label: string;
  steps: readonly Step[];
  reads: readonly Tensor[];
}

export interface Outcome {
  /** In the order of `reads`, as copies the caller owns. */
  arrays: ReadArray[];
  /** Of every dispatch in order; empty unless the device was profiling. */
  timings: KernelTiming[];
}

/**
 * Work recorded for one submission. Nothing runs before `submit`; there is no readback inside. Scratch tensors get their
 * buffers then: those that are never needed at the same time share one, in the order of the steps, which every device
 * keeps. Tensors from `gpu.tensor` that the batch uses must not be disposed of before `submit` was called.
 */
export class Batch {
  readonly #steps: Recorded[] = [];
  #dispatches = 0;
  readonly #scratch = new Map<Place, Scratch>();
  readonly #owned = new Set<DeviceBuffer>();
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
   * A tensor that may be used until `release` or, at the latest, until the batch is submitted.
   * @throws FacetError `limits` when it is larger than a kernel can bind
   */
  scratch(shape: readonly number[], dtype: DType = 'f32'): Tensor {
    const bytes = Math.max(4, byteLengthOf(shape, dtype));
    if (bytes > this.gpu.largestTensorBytes) {
      throw new FacetError(
        'limits',
        `A result of ${Math.ceil(bytes / 2 ** 20)} MiB ([${shape.join(', ')}]) is larger than this device allows.`,
        { hint: 'Shorten the text, or ask for less of it at once.' },
      );
    }
    const place = new Place();
    this.#scratch.set(place, { bytes, first: Infinity, last: -1, kept: false });
    return new Tensor(place, shape, dtype, () => {});
  }

  /** Input data for this batch, e.g. token ids: in a buffer of its own, because it is there before the first step. */
  input(data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>, shape: readonly number[]): Tensor {
    const dtype: DType = data instanceof Float32Array ? 'f32' : 'u32';
    const buffer = this.gpu.pool.take(Math.max(4, data.byteLength));
    this.gpu.writeBuffer(buffer, 0, data);
    this.#owned.add(buffer);
    return new Tensor(buffer, shape, dtype, () => {});
  }

  /** Says that nothing uses these any more: a later use is a bug that `run` reports. */
  release(...tensors: (Tensor | undefined)[]): void {
    for (const tensor of tensors) tensor?.dispose();
  }

  /**
   * Makes a scratch tensor outlive the batch; `dispose` gives its buffer back to the device's pool. For captures, which so
   * need no copy. One that is disposed of before the batch is submitted is scratch again.
   */
  keep(tensor: Tensor): Tensor {
    const { place } = tensor;
    const life = place instanceof Place ? this.#scratch.get(place) : undefined;
    if (!(place instanceof Place) || !life || life.kept)
      throw new FacetError('bug', 'only scratch tensors of this batch can be kept');
    life.kept = true;
    return new Tensor(place, tensor.shape, tensor.dtype, () => {
      life.kept = false;
      const { buffer } = place;
      if (!buffer) return;
      if (this.#failed) this.gpu.pool.destroy(buffer);
      else this.gpu.pool.give(buffer);
    });
  }

  /** Notes that the next step, or what comes after the last, uses a tensor. */
  #use({ place }: Tensor): void {
    const life = place instanceof Place ? this.#scratch.get(place) : undefined;
    if (!life) return;
    life.first = Math.min(life.first, this.#steps.length);
    life.last = this.#steps.length;
  }

  /** Gives every scratch tensor that is used a buffer. */
  #placeScratch(): void {
    const used = [...this.#scratch].filter(([, { first, kept }]) => first < Infinity || kept);
    const end = this.#steps.length;
    const { places, sizes } = planBuffers(
      used.map(([, { bytes, first, last, kept }]) => ({
        bytes,
        first: Math.min(first, end),
        last: kept ? Infinity : last,
      })),
    );
    const buffers = sizes.map((size) => this.gpu.pool.take(size));
    for (const buffer of buffers) this.#owned.add(buffer);
    used.forEach(([place, { kept }], index) => {
      place.buffer = buffers[places[index]!]!;
      if (kept) this.#owned.delete(place.buffer);
    });
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
    for (const name of names) this.#use(args.tensors[name]);
    const { flops, bytes } = args.cost;
    this.#steps.push({
      dispatch: {
        kernel,
        variant,
        dims: checkedDims(kernel, args.dims),
        tensors: names.map((name) => args.tensors[name]),
        groups: [x, y, z],
        timing: { kernel: kernel.name, scope: this.#scope, flops, bytes },
      },
    });
    if (++this.#dispatches > MAX_DISPATCHES) throw new FacetError('bug', 'a batch holds too many dispatches');
  }

  /** Compiles what was recorded, in parallel; for a batch whose kernels may be new. */
  async prepare(): Promise<void> {
    await this.gpu.prepare(this.#steps.flatMap((step) => ('dispatch' in step ? [step.dispatch] : [])));
  }

  /** Copies whole tensors or ranges in bytes (multiples of 4). */
  copy(
    from: Tensor,
    to: Tensor,
    range: { fromOffset?: number; toOffset?: number; size?: number } = {},
  ): void {
    const { fromOffset = 0, toOffset = 0, size = Math.min(from.byteLength, to.byteLength) } = range;
    if (size === 0) return;
    this.#use(from);
    this.#use(to);
    this.#steps.push({ copy: { from, fromOffset, to, toOffset, size } });
  }

  /**
   * Submits everything once and, when asked, reads tensors back in one go.
   * @param reads f32 or u32 tensors; the arrays come back in the same order, as copies the caller owns.
   */
  async submit(reads: readonly Tensor[] = []): Promise<Outcome> {
    if (this.#submitted) throw new FacetError('bug', 'batch submitted twice');
    this.#submitted = true;
    const { gpu, label } = this;
    const { counters } = gpu;
    const readBytes = reads.reduce((sum, tensor) => sum + tensor.byteLength, 0);
    if (readBytes > gpu.largestReadBytes) {
      this.#returnBuffers();
      throw new FacetError(
        'limits',
        `Reading back ${readBytes} bytes at once is more than this device allows (${gpu.largestReadBytes}).`,
        { hint: 'Ask for fewer activations, or for a shorter text.' },
      );
    }
    for (const tensor of reads) this.#use(tensor);
    this.#placeScratch();
    counters.submissions += 1;
    counters.dispatches += this.#dispatches;
    for (const step of this.#steps) {
      if ('copy' in step) counters.bytesMoved += 2 * step.copy.size;
      else {
        counters.bytesMoved += step.dispatch.timing.bytes;
        counters.flops += step.dispatch.timing.flops;
      }
    }
    try {
      const outcome = await gpu.execute({
        label,
        steps: this.#steps.map((step) => this.#placed(step)),
        reads,
      });
      this.#returnBuffers();
      if (readBytes > 0) counters.readbacks += 1;
      counters.bytesRead += readBytes;
      return outcome;
    } catch (thrown) {
      // Any of these buffers may be the invalid one, so none goes back to where the next batch would find it, nor do those
      // that were to outlive the batch.
      this.#failed = true;
      for (const buffer of this.#owned) gpu.pool.destroy(buffer);
      this.#owned.clear();
      gpu.trim();
      throw thrown;
    }
  }

  #placed(step: Recorded): Step {
    if ('dispatch' in step) {
      const { kernel, variant } = step.dispatch;
      return { dispatch: { ...step.dispatch, program: this.gpu.program(kernel, variant) } };
    }
    const { from, to, ...range } = step.copy;
    return { copy: { from: from.buffer, to: to.buffer, ...range } };
  }

  /** Gives up without running: every scratch buffer goes back to the pool. */
  discard(): void {
    this.#submitted = true;
    this.#returnBuffers();
  }

  #returnBuffers(): void {
    for (const buffer of this.#owned) this.gpu.pool.give(buffer);
    this.#owned.clear();
  }
}

/** Scalars as the kernel will see them. @throws FacetError `bug` for one that is missing or no number */
function checkedDims(kernel: KernelSpec, dims: Record<string, number>): Record<string, number> {
  const checked: Record<string, number> = {};
  for (const [name, type] of Object.entries(kernel.dims)) {
    const value = dims[name];
    if (value === undefined || Number.isNaN(value))
      throw new FacetError('bug', `${kernel.name}: dimension ${name} is ${value}`);
    checked[name] = type === 'f32' ? Math.fround(value) : type === 'i32' ? value | 0 : value >>> 0;
  }
  return checked;
}
