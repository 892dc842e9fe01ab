import type { ReadArray } from '../gpu/batch.ts';
import type { Tensor } from '../gpu/tensor.ts';

/** Collects what is to be read back, and finds it again after the one submission. */
export class Reads {
  readonly tensors: Tensor[] = [];
  #arrays: readonly ReadArray[] = [];

  /** @returns where the array will be */
  want(tensor: Tensor): number {
    return this.tensors.push(tensor) - 1;
  }

  fill(arrays: readonly ReadArray[]): void {
    this.#arrays = arrays;
  }

  at(index: number): ReadArray {
    return this.#arrays[index]!;
  }

  /** Parts of one array, one after the other. */
  floats(parts: readonly number[]): Float32Array<ArrayBuffer> {
    return joined(
      Float32Array,
      parts.map((index) => this.at(index)),
    );
  }

  words(parts: readonly number[]): Uint32Array<ArrayBuffer> {
    return joined(
      Uint32Array,
      parts.map((index) => this.at(index)),
    );
  }
}

function joined<Joined extends ReadArray>(
  make: new (length: number) => Joined,
  arrays: readonly ReadArray[],
): Joined {
  if (arrays.length === 1 && arrays[0] instanceof make) return arrays[0];
  const all = new make(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
  }
  return all;
}
