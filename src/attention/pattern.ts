import type { BlockMask } from '../gpu/block-mask.ts';

export interface PatternShape {
  nHeads: number;
  nQueries: number;
  nKeys: number;
  /** Absolute position of the first query; key i is at position i. */
  queryOffset: number;
  blockSize: number;
}

/** One sparse-attention method: it differs from the others only in the mask it writes. Registered in `patterns/index.ts`. */
export interface AttentionPattern {
  id: string;
  title: string;
  description: string;
  build(shape: PatternShape): BlockMask;
}
