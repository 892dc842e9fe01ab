import type { Tensor } from '../gpu/tensor.ts';

/** Queries and keys of one pass, by layer, for another over the same tokens that holds its attention patterns. */
export interface HeldAttention {
  /** Scratch of the batch; keys may be those of a cache, which begins at row 0 of the sequence. */
  layers: Map<number, { q: Tensor; k: Tensor }>;
}

/** Keys and values of the tokens read so far, for every layer. Keys are as attention uses them: normed and rotated. */
export interface KvCache extends Disposable {
  /** Rows there is room for. */
  readonly capacity: number;
  /** Rows that are there. */
  readonly length: number;
  /** Forgets all rows from `length` on; 0 begins anew. */
  truncate(length: number): void;
}
