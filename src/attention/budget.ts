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
  const wanted = blocksOf(shape, budget);
  if (budget >= 1) return everything(shape);
  let [low, high] = [0, most];
  let under = make(low);
  let over: PairMask | undefined;
  // Invariant: `low` visits no more than is wanted (or is the least there is), `high` and `over` more.
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    const mask = make(middle);
    if (mask.visited <= wanted) [low, under] = [middle, mask];
    else [high, over] = [middle, mask];
  }
  over ??= high > low ? make(high) : under;
  return over.visited - wanted < wanted - under.visited ? over : under;
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
