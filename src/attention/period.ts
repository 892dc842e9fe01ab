import { blocksOf, closestSize } from './budget.ts';
import { everything, ones, type PairMask, type PairShape } from './pair-mask.ts';

/** Whole numbers from 1 to `most`: every one to 16, then each a sixteenth more than the one before. */
function* sizes(most: number): Generator<number> {
  for (let size = 1; size < most; size += Math.max(1, size >>> 4)) yield size;
  yield most;
}

/**
 * Meets a budget with a pattern that has a part nearby and a part with a period, both whole blocks. Of the pairs of sizes
 * that come within a quarter of a block a row, the one whose sizes are most alike, in steps of a quarter, as in the paper
 * they are one; of pairs as alike, the one nearest to √tokens. If no pair comes as close, the closest.
 * @param parts masks of sizes in tokens: the part nearby, which is of `least` blocks at least, and the part with a period
 * @source Child et al. 2019, arXiv:1904.10509, section 4.3: stride and window are one number close to √n
 */
export function fitPeriod(
  shape: PairShape,
  budget: number,
  parts: { least: number; near: (size: number) => PairMask; far: (period: number) => PairMask },
): PairMask {
  if (budget >= 1) return everything(shape);
  const { blockSize, nKeys, nQueries } = shape;
  const most = Math.ceil(nKeys / blockSize);
  const wanted = blocksOf(shape, budget);
  const slack = Math.ceil(nQueries / blockSize) / 4;
  // Positions alone decide: the part nearby is the same whatever the period.
  const nearBits = new Map<number, Uint32Array>();
  let best: { period: number; local: number; rank: number[] } | undefined;
  for (const period of sizes(most)) {
    const far = parts.far(period * blockSize).blockBits();
    const visited = (local: number): number => {
      const near = nearBits.get(local) ?? parts.near(local * blockSize).blockBits();
      nearBits.set(local, near);
      return near.reduce((sum, word, i) => sum + ones(word | far[i]!), 0);
    };
    const local = closestSize(wanted, { least: parts.least, most }, visited);
    const gap = Math.abs(visited(local) - wanted);
    const rank = [
      Math.max(0, gap - slack),
      Math.round(4 * Math.abs(Math.log(local / period))),
      Math.abs(Math.log((local * blockSize) / Math.sqrt(nKeys))),
    ];
    if (!best || isBefore(rank, best.rank)) best = { period, local, rank };
  }
  return parts.near(best!.local * blockSize).join(parts.far(best!.period * blockSize));
}

/** By the first number that differs. */
function isBefore(a: readonly number[], b: readonly number[]): boolean {
  const at = a.findIndex((value, i) => value !== b[i]);
  return at >= 0 && a[at]! < b[at]!;
}
