import { blocksOf, fitSize } from './budget.ts';
import { everything, type PairMask, type PairShape } from './pair-mask.ts';

/**
 * Meets a budget with a pattern that has a period and a part nearby: the shortest period, in blocks, that leaves room,
 * then as much nearby as there is room for. With the budget of a very short text that is the part nearby alone.
 * @param make a mask from the period and the size of the part nearby, both in tokens
 */
export function fitPeriod(
  shape: PairShape,
  budget: number,
  make: (period: number, local: number) => PairMask,
): PairMask {
  const { blockSize, nKeys } = shape;
  if (budget >= 1) return everything(shape);
  const wanted = blocksOf(shape, budget);
  let period = blockSize;
  while (period < nKeys && make(period, 1).visited > wanted) period += blockSize;
  return fitSize(shape, budget, nKeys, (size) => make(period, Math.max(1, size)));
}
