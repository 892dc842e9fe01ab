/** An area of `bytes`, aligned to 16, from the two-level segregated heap; traps when memory cannot grow. */
export function alloc(bytes: usize): usize {
  return heap.alloc(bytes);
}

/** Gives an area back. */
export function free(pointer: usize): void {
  heap.free(pointer);
}
