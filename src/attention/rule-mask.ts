import { type BlockMask, PARTIAL } from '../gpu/block-mask.ts';
import type { PairShape } from './pair-mask.ts';

/**
 * The mask, shared by all heads, of the rule "s ≤ t and (window = 0 or t − s < window or s < sinks)": blocks where it
 * holds throughout are full, where it holds somewhere partial, the rest are left out.
 */
export function maskFromRule(
  shape: Omit<PairShape, 'window'>,
  rule: { window: number; sinks: number },
): BlockMask {
  const { nQueries, nKeys, queryOffset, blockSize } = shape;
  const { window, sinks } = rule;
  const offsets = [0];
  const entries: number[] = [];
  const keyBlocks = Math.ceil(nKeys / blockSize);
  for (let first = 0; first < nQueries; first += blockSize) {
    const earliest = queryOffset + first;
    const latest = queryOffset + Math.min(first + blockSize, nQueries) - 1;
    for (let block = 0; block < keyBlocks; block++) {
      const low = block * blockSize;
      const high = Math.min(low + blockSize, nKeys) - 1;
      if (low > latest) break;
      const causalThroughout = high <= earliest;
      const nearThroughout = window === 0 || latest - low < window || high < sinks;
      // The nearest pair is the largest key against the smallest query that may see it.
      const nearSomewhere = window === 0 || Math.max(0, earliest - high) < window || low < sinks;
      if (!nearSomewhere) continue;
      entries.push(causalThroughout && nearThroughout ? block : (block | PARTIAL) >>> 0);
    }
    offsets.push(entries.length);
  }
  return {
    blockSize,
    perHead: false,
    offsets: Uint32Array.from(offsets),
    entries: Uint32Array.from(entries),
    window,
    sinks,
  };
}
