import { allot, bestBlocks } from './budget.ts';
import { PairMask, type PairShape } from './pair-mask.ts';

/** Mulberry32. */
function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Blocks drawn at random, besides the first and those on the diagonal: what the time of a density is measured with. */
export function randomBlocks(shape: PairShape, density: number, seed: number): PairMask {
  const mask = new PairMask(shape);
  const draw = uniform(seed);
  allot(shape, density).forEach((count, queryBlock) => {
    for (const block of bestBlocks(mask, queryBlock, count, draw)) mask.addBlock(queryBlock, block);
  });
  return mask;
}
