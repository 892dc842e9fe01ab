import { MASKED_SCORE } from '../kernels/attention_pattern.ts';

/** Plain f64 weighted sum of heads; see `kernels/weigh_pattern.ts`. */
export function weighPatternReference(
  x: ArrayLike<number>,
  keyWeights: ArrayLike<number>,
  nRows: number,
  { first, count }: { first: number; count: number },
): Float64Array {
  return Float64Array.from({ length: nRows * nRows }, (_, place) => {
    let sum = 0;
    for (let head = first; head < first + count; head++) {
      const entry = x[head * nRows * nRows + place]!;
      if (entry === MASKED_SCORE) return MASKED_SCORE;
      sum += entry * keyWeights[head * nRows + (place % nRows)]!;
    }
    return sum;
  });
}
