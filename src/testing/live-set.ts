import type { Batch } from '../gpu/batch.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { type DeviceBuffer, Place, type Tensor } from '../gpu/tensor.ts';

/** What one batch needed at the least, and what it took. */
export interface BatchMemory {
  label: string;
  /** Bytes of tensors that were between their first and last use at the same time, at most. */
  live: number;
  /** Bytes of the buffers the batch held. */
  held: number;
  /** Bytes read back. */
  read: number;
}

interface Life {
  bytes: number;
  first: number;
  last: number;
}

/** Watches batches of a device. @returns what they needed so far */
export function watchMemory(gpu: Gpu): BatchMemory[] {
  const found: BatchMemory[] = [];
  const batchOf = gpu.batch.bind(gpu);
  gpu.batch = (label) => new Watch().over(batchOf(label), found);
  return found;
}

/** Notes when a batch uses its tensors; views of one are the same memory, and count once. */
class Watch {
  readonly #lives = new Map<DeviceBuffer | Place, Life>();
  #step = 0;

  over(batch: Batch, found: BatchMemory[]): Batch {
    const given = {
      scratch: batch.scratch.bind(batch),
      input: batch.input.bind(batch),
      run: batch.run.bind(batch),
      copy: batch.copy.bind(batch),
      keep: batch.keep.bind(batch),
      submit: batch.submit.bind(batch),
    };
    batch.scratch = (...args) => this.#born(given.scratch(...args), Infinity);
    // Written before the batch runs.
    batch.input = (...args) => this.#born(given.input(...args), 0);
    batch.run = (kernel, args) => {
      this.#uses(Object.values<Tensor>(args.tensors));
      given.run(kernel, args);
    };
    batch.copy = (from, to, range) => {
      this.#uses([from, to]);
      given.copy(from, to, range);
    };
    batch.keep = (tensor) => {
      this.#use(tensor, Infinity);
      return given.keep(tensor);
    };
    batch.submit = async (reads) => {
      const asked = reads ?? [];
      for (const tensor of asked) this.#use(tensor, Infinity);
      const outcome = given.submit(asked);
      const read = asked.reduce((sum, { byteLength }) => sum + byteLength, 0);
      found.push({ label: batch.label, live: this.#largest(), held: this.#held(), read });
      return outcome;
    };
    return batch;
  }

  #born(tensor: Tensor, first: number): Tensor {
    this.#lives.set(tensor.place, { bytes: tensor.byteLength, first, last: 0 });
    return tensor;
  }

  #uses(tensors: readonly Tensor[]): void {
    this.#step += 1;
    for (const tensor of tensors) this.#use(tensor, this.#step);
  }

  #use({ place }: Tensor, at: number): void {
    const life = this.#lives.get(place);
    if (!life) return;
    life.first = Math.min(life.first, at, this.#step);
    life.last = Math.max(life.last, at);
  }

  #largest(): number {
    const used = [...this.#lives.values()].filter(({ first }) => first < Infinity);
    const at = (step: number): number =>
      used.reduce((sum, { bytes, first, last }) => sum + (first <= step && step <= last ? bytes : 0), 0);
    return Math.max(0, ...Array.from({ length: this.#step + 1 }, (_, step) => at(step)));
  }

  /** Asked for while the batch is submitted, when every tensor that is used has a buffer. */
  #held(): number {
    const buffers = [...this.#lives.keys()].map((place) => (place instanceof Place ? place.buffer : place));
    return [...new Set(buffers)].reduce((sum, buffer) => sum + (buffer?.size ?? 0), 0);
  }
}
