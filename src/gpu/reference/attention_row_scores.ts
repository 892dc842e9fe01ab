import type { Measure } from '../kernels/attention_row_scores.ts';

/** Plain f64 sums over keys; see `kernels/attention_row_scores.ts`. */
export function attentionRowScoresReference(
  { pattern, marks, rise }: { pattern: ArrayLike<number>; marks: Uint32Array; rise?: ArrayLike<number> },
  { nHeads, nRows }: { nHeads: number; nRows: number },
  measures: readonly Measure[],
): Float64Array {
  const sums = new Float64Array(nHeads * nRows * measures.length);
  for (let head = 0; head < nHeads; head++) {
    for (let t = 0; t < nRows; t++) {
      measures.forEach(({ keys, factor }, m) => {
        for (let s = 0; s <= t; s++) {
          const entry = pattern[(head * nRows + t) * nRows + s]!;
          if (entry === 0 || (keys !== 'all' && (marks[t * nRows + s]! & (2 ** keys)) === 0)) continue;
          const times = {
            one: 1,
            distance: t - s,
            surprise: -Math.log2(entry),
            rise: rise?.[head * nRows + s] ?? 0,
          };
          sums[(head * nRows + t) * measures.length + m]! += entry * times[factor];
        }
      });
    }
  }
  return sums;
}
