import type { DeviceBuffer } from './tensor.ts';

/** Makes and ends buffers of one device, which counts them. */
export interface BufferMaker<B extends DeviceBuffer> {
  create(size: number): B;
  destroy(buffer: B): void;
}

/** Buffers that are taken meanwhile before an idle one is let go: those of some batches. */
const MOST_IDLE = 96;

/**
 * Buffers by size class, so that a pass run again allocates nothing. Sizes are rounded up to an eighth of a power of two,
 * and a buffer serves whatever takes four fifths of it: passes over nearly equal lengths share buffers. Before a new one
 * is made, those go that nobody took for a while, so that what is held follows what is done.
 */
export class BufferPool<B extends DeviceBuffer = DeviceBuffer> {
  readonly #free = new Map<number, { buffer: B; given: number }[]>();
  readonly #size = new WeakMap<B, number>();
  #allocatedBytes = 0;
  #takings = 0;

  constructor(private readonly maker: BufferMaker<B>) {}

  /** Bytes this pool has asked the device for and not destroyed. */
  get allocatedBytes(): number {
    return this.#allocatedBytes;
  }

  take(bytes: number): B {
    this.#takings += 1;
    const size = sizeClass(bytes);
    const reused = this.#free.get(this.#bestFit(size))?.pop();
    if (reused) return reused.buffer;
    this.#letGo();
    const buffer = this.maker.create(size);
    this.#size.set(buffer, size);
    this.#allocatedBytes += size;
    return buffer;
  }

  /** Size of the smallest idle buffer that is not much too large. */
  #bestFit(size: number): number {
    if (this.#free.get(size)?.length) return size;
    const [least] = [...this.#free]
      .filter(([other, idle]) => idle.length > 0 && other > size && other <= 1.25 * size)
      .map(([other]) => other)
      .sort((a, b) => a - b);
    return least ?? size;
  }

  /** Ends buffers that were idle for long. */
  #letGo(): void {
    for (const [size, idle] of this.#free) {
      const stays = idle.filter(({ given }) => this.#takings - given <= MOST_IDLE);
      if (stays.length === idle.length) continue;
      for (const each of idle) if (!stays.includes(each)) this.destroy(each.buffer);
      this.#free.set(size, stays);
    }
  }

  give(buffer: B): void {
    const size = this.#size.get(buffer);
    if (size === undefined) throw new RangeError('buffer does not belong to this pool');
    const idle = { buffer, given: this.#takings };
    const list = this.#free.get(size);
    if (list) list.push(idle);
    else this.#free.set(size, [idle]);
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
    for (const list of this.#free.values()) for (const { buffer } of list) this.destroy(buffer);
    this.#free.clear();
  }
}

export function sizeClass(bytes: number): number {
  const least = 256;
  if (bytes <= least) return least;
  const step = 2 ** (Math.floor(Math.log2(bytes)) - 3);
  return Math.ceil((Math.ceil(bytes / step) * step) / 16) * 16;
}
