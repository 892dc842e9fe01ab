/**
 * Buffers by size class, so that a pass run again allocates nothing. Sizes are rounded up to a quarter of a power of
 * two: at most a quarter wasted, and passes over nearly equal lengths share buffers.
 */
export class BufferPool {
  readonly #free = new Map<number, GPUBuffer[]>();
  readonly #size = new WeakMap<GPUBuffer, number>();
  #allocatedBytes = 0;

  constructor(
    private readonly device: GPUDevice,
    private readonly usage: GPUBufferUsageFlags,
  ) {}

  /** Bytes this pool has asked the device for and not destroyed. */
  get allocatedBytes(): number {
    return this.#allocatedBytes;
  }

  take(bytes: number): GPUBuffer {
    const size = sizeClass(bytes);
    const reused = this.#free.get(size)?.pop();
    if (reused) return reused;
    const buffer = this.device.createBuffer({ size, usage: this.usage });
    this.#size.set(buffer, size);
    this.#allocatedBytes += size;
    return buffer;
  }

  give(buffer: GPUBuffer): void {
    const size = this.#size.get(buffer);
    if (size === undefined) throw new RangeError('buffer does not belong to this pool');
    const list = this.#free.get(size);
    if (list) list.push(buffer);
    else this.#free.set(size, [buffer]);
  }

  /** Ends a buffer that is in use and not to be used again. */
  destroy(buffer: GPUBuffer): void {
    this.#allocatedBytes -= this.#size.get(buffer) ?? 0;
    this.#size.delete(buffer);
    buffer.destroy();
  }

  /** Destroys every buffer not in use. */
  trim(): void {
    for (const [size, list] of this.#free) {
      for (const buffer of list) buffer.destroy();
      this.#allocatedBytes -= size * list.length;
    }
    this.#free.clear();
  }
}

export function sizeClass(bytes: number): number {
  const least = 256;
  if (bytes <= least) return least;
  const step = 2 ** (Math.floor(Math.log2(bytes)) - 2);
  return Math.ceil((Math.ceil(bytes / step) * step) / 16) * 16;
}
