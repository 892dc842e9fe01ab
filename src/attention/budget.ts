import { everything, forced, PairMask, type PairShape, reachable } from './pair-mask.ts';

/** Blocks that a share of dense attention's is, rounded. */
export function blocksOf(shape: PairShape, budget: number): number {
  const empty = new PairMask(shape);
  let all = 0;
  for (let block = 0; block < empty.queryBlocks; block++) {
    const [first, last] = reachable(empty, block);
    all += last - first + 1;
  }
  return Math.round(budget * all);
}

/**
 * The size from `least` to `most` whose count comes closest to what is wanted; of two as close, the smaller.
 * @param count of a size, no less for a greater one; sizes are whole numbers
 */
export function closestSize(
  wanted: number,
  { least, most }: { least: number; most: number },
  count: (size: number) => number,
): number {
  let [low, high] = [least, Math.max(least, most)];
  let [under, over] = [count(low), high > low ? count(high) : Infinity];
  if (over <= wanted) return high;
  // Invariant: `low` counts no more than is wanted (or is the least there is), `high` more.
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    const found = count(middle);
    if (found <= wanted) [low, under] = [middle, found];
    else [high, over] = [middle, found];
  }
  return over - wanted < wanted - under ? high : low;
}

/**
 * The size whose mask comes closest to a budget.
 * @param most size beyond which nothing is added
 * @param make a mask that visits no fewer blocks for a greater size; sizes are whole numbers from 0
 */
export function fitSize(
  shape: PairShape,
  budget: number,
  most: number,
  make: (size: number) => PairMask,
): PairMask {
  if (budget >= 1) return everything(shape);
  const wanted = blocksOf(shape, budget);
  return make(closestSize(wanted, { least: 0, most }, (size) => make(size).visited));
}

/**
 * How many blocks of keys each block of queries visits so that all together meet a budget, each about the same share of
 * what it can visit, but what is always kept at least.
 */
export function allot(shape: PairShape, budget: number): number[] {
  const mask = new PairMask(shape);
  const rows = Array.from({ length: mask.queryBlocks }, (_, block) => {
    const [first, last] = reachable(mask, block);
    return { least: forced(mask, block).length, most: last - first + 1 };
  });
  const wanted = blocksOf(shape, budget);
  const atLevel = (level: number): number[] =>
    rows.map(({ least, most }) => Math.max(least, Math.min(most, level * most)));
  let [low, high] = [0, 1];
  for (let step = 0; step < 50; step++) {
    const middle = (low + high) / 2;
    if (atLevel(middle).reduce((sum, count) => sum + count, 0) <= wanted) low = middle;
    else high = middle;
  }
  // Whole numbers whose running sum follows that of the shares.
  let carried = 0;
  return atLevel(low).map((share, block) => {
    const count = Math.max(rows[block]!.least, Math.min(rows[block]!.most, Math.round(share + carried)));
    carried += share - count;
    return count;
  });
}

/**
 * The blocks of a row with the highest scores, what is always kept first; ties go to the lowest block.
 * @param score of a block of keys
 */
export function bestBlocks(
  mask: PairMask,
  queryBlock: number,
  count: number,
  score: (keyBlock: number) => number,
): number[] {
  const [first, last] = reachable(mask, queryBlock);
  const kept = new Set(forced(mask, queryBlock));
  const others = Array.from({ length: last - first + 1 }, (_, i) => first + i)
    .filter((block) => !kept.has(block))
    .map((block) => ({ block, score: score(block) }))
    .sort((a, b) => b.score - a.score || a.block - b.block);
  return [...kept, ...others.slice(0, Math.max(0, count - kept.size)).map(({ block }) => block)];
}
