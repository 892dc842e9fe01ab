import type { PatternInfo, PatternParameter } from '../attention/pattern.ts';
import type { HeadId, TextWindow } from './heads-protocol.ts';

export type { PatternInfo, PatternParameter };

/** Which pattern a head is under. Parameters left out are as usual; `budget` replaces the parameter that sets the size. */
export interface PatternChoice {
  pattern: string;
  parameters?: Record<string, number>;
  /** Share of the blocks of dense attention to visit, 0 … 1. What was really visited is reported. */
  budget?: number;
}

export interface SparsifyRequest extends TextWindow {
  /** Who is under what; heads not named stay dense. `heads: null` is the whole layer, `layer: null` all layers. */
  assignments: { layer: number | null; heads: number[] | null; choice: PatternChoice }[];
  /** Block size, 1 to 32; default 16. A budget below what is always kept needs smaller blocks in short texts. */
  blockSize?: number;
  /** Heads whose mask is wanted in full, at most 16. */
  masks?: HeadId[];
}

export interface SparsifiedText {
  rows: number;
  blockSize: number;
  /** Mean loss over rows 1 … T−1 and per-row loss as is and sparse, nats; NaN in row 0, and for one token. */
  ceDense: number;
  ceSparse: number;
  loss: Float32Array;
  lossSparse: Float32Array;
  /** [T] KL(dense ‖ sparse) of the next-token distribution, nats. */
  kl: Float32Array;
  /** Share of the blocks of dense attention visited, over all heads of all layers; dense heads count 1. */
  visited: number;
  /** What became of the current dictionary's features: absent without one. Row 0 excluded. */
  features?: {
    /** Mean over tokens of |active in both| / |active in either|; tokens without features count 1. */
    jaccard: number;
    /** Mean of Σ|f − f'| / Σ f over tokens with features. */
    change: number;
    /** Features that changed most, by their sum over tokens of |f − f'|: at most 20, with the sums of f and f'. */
    most: { index: number; dense: number; sparse: number }[];
  };
  /** Heads under a pattern. Figures are against the true pattern of the model as is. */
  heads: (HeadId & {
    pattern: string;
    /** Share of the blocks, and of the pairs, of the layer's dense attention that the mask keeps. */
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
    /** Median time of dense attention, milliseconds. */
    denseMs: number;
  }[];
}
