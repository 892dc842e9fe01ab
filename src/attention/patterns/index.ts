import type { AttentionPattern } from '../pattern.ts';
import { blockOracle } from './block-oracle.ts';
import { blockTopK } from './block-top-k.ts';
import { causal } from './causal.ts';
import { fixed } from './fixed.ts';
import { kMeans } from './k-means.ts';
import { multiDiagonal } from './multi-diagonal.ts';
import { slidingWindow } from './sliding-window.ts';
import { strided } from './strided.ts';
import { verticalSlash } from './vertical-slash.ts';
import { verticalStripes } from './vertical-stripes.ts';

/** Every attention pattern; adding one is a file here and a line in this list. */
export const patterns: readonly AttentionPattern[] = [
  causal,
  slidingWindow,
  strided,
  fixed,
  verticalSlash,
  verticalStripes,
  multiDiagonal,
  blockTopK,
  kMeans,
  blockOracle,
];
