import type { DeviceBuffer } from './tensor.ts';

/** Makes and ends buffers of one device, which counts them. */
export interface BufferMaker<B extends DeviceBuffer> {
  create(size: number): B;
  destroy(buffer: B): void;
}

/**
 * Buffers by size class, so that a pass run again allocates nothing. Sizes are rounded up to a quarter of a power of
 * two: at most a quarter wasted, and passes over nearly equal lengths share buffers.
 */
export class BufferPool<B extends DeviceBuffer = DeviceBuffer> {
  readonly #free = new Map<number, B[]>();
  readonly #size = new WeakMap<B, number>();
  #allocatedBytes = 0;

  constructor(private readonly maker: BufferMaker<B>) {}

  /** Bytes this pool has asked the device for and not destroyed. */
  get allocatedBytes(): number {
    return this.#allocatedBytes;
  }

  take(bytes: number): B {
    const size = sizeClass(bytes);
    const reused = this.#free.get(size)?.pop();
    if (reused) return reused;
    const buffer = this.maker.create(size);
    this.#size.set(buffer, size);
    this.#allocatedBytes += size;
    return buffer;
  }

  give(buffer: B): void {
    const size = this.#size.get(buffer);
    if (size === undefined) throw new RangeError('buffer does not belong to this pool');
    const list = this.#free.get(size);
    if (list) list.push(buffer);
    else this.#free.set(size, [buffer]);
  }

  /** Ends a buffer that is in use and not to be used again. */
  destroy(buffer: B): void {
    const size = this.#size.get(buffer);
    if (size === undefined) return;
    this.#allocatedBytes -= size;
    this.#size.delete(buffer);
    this.maker.destroy(buffer);
  }

  /** Destroys every buffer not in use. */
  trim(): void {
    for (const list of this.#free.values()) for (const buffer of list) this.destroy(buffer);
    this.#free.clear();
  }
}

export function sizeClass(bytes: number): number {
  const least = 256;
  if (bytes <= least) return least;
  const step = 2 ** (Math.floor(Math.log2(bytes)) - 2);
  return Math.ceil((Math.ceil(bytes / step) * step) / 16) * 16;
}
