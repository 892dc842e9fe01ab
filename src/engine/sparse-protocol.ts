import type { PatternInfo, PatternParameter } from '../attention/pattern.ts';
import type { HeadId, TextWindow } from './heads-protocol.ts';

export type { PatternInfo, PatternParameter };

/** Which pattern a head is under. Parameters left out are as usual; `budget` replaces the parameter that sets the size. */
export interface PatternChoice {
  pattern: string;
  parameters?: Record<string, number>;
  /** Share of the causal blocks to visit, 0 … 1. */
  budget?: number;
}

export interface SparsifyRequest extends TextWindow {
  /** Who is under what; heads not named stay dense. `heads: null` is the whole layer, `layer: null` all layers. */
  assignments: { layer: number | null; heads: number[] | null; choice: PatternChoice }[];
  /** Block size; default 16. */
  blockSize?: number;
  /** Heads whose mask is wanted in full, at most 16. */
  masks?: HeadId[];
}

export interface SparsifiedText {
  rows: number;
  blockSize: number;
  /** Mean loss and per-row loss as is and sparse, nats. */
  ceDense: number;
  ceSparse: number;
  loss: Float32Array;
  lossSparse: Float32Array;
  /** [T] KL(dense ‖ sparse) of the next-token distribution, nats. */
  kl: Float32Array;
  /** Share of causal blocks visited over all heads of all layers. */
  visited: number;
  /** What became of the current dictionary's features: absent without one. Row 0 excluded. */
  features?: {
    /** Mean over tokens of |active in both| / |active in either|. */
    jaccard: number;
    /** Mean over tokens of Σ|f − f'| / Σ f. */
    change: number;
    /** Features that changed most, by total |f − f'|. */
    most: { index: number; dense: number; sparse: number }[];
  };
  heads: (HeadId & {
    pattern: string;
    /** Share of the causal blocks, and of the causal pairs, that the mask keeps. */
    visited: number;
    kept: number;
    /** Mean over rows of the dense pattern's mass inside the mask; 1 keeps everything. */
    recall: number;
    /** Mean over rows of KL(sparse row ‖ dense row) = −ln recall of the row, nats, over rows with any mass kept. */
    kl: number;
    /** Rows whose keys the mask leaves out altogether. */
    blindRows: number;
  })[];
  /** [T · T] bytes, 1 where the mask lets a query (row) see a key (column), and the dense pattern beside it. */
  masks: (HeadId & { mask: Uint8Array; dense: Float32Array })[];
}

export interface AttentionTimesRequest {
  lengths: number[];
  /** Shares of blocks to keep. */
  densities: number[];
  /** Timed rounds after one that warms up; default 7. */
  rounds?: number;
}

export interface AttentionTimes {
  heads: number;
  dHead: number;
  blockSize: number;
  /** GPU timestamps, or wall time of one submission where the adapter has none. */
  clock: 'gpu' | 'wall';
  points: {
    length: number;
    /** Share of causal blocks really visited. */
    visited: number;
    /** Median time over the rounds divided by dense's, with the least and greatest round. */
    ratio: number;
    least: number;
    greatest: number;
  }[];
}
