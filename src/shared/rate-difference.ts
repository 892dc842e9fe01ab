/** How often something happened in two samples. */
export interface TwoCounts {
  count: number;
  of: number;
  otherCount: number;
  otherOf: number;
}

export interface RateDifference {
  rate: number;
  otherRate: number;
  /** log₂ of the rates' ratio, half a case added to each count so that none is 0; above 0: more often in the first. */
  logRatio: number;
  /** Of the difference of two proportions with a pooled variance; 0 where both are 0 or both are all. */
  z: number;
}

/**
 * Whether rates of two samples differ. The z-score takes every token for a draw of its own; tokens of one text are not, so
 * that it is larger than the evidence.
 * @source log-ratio with Haldane-Anscombe's half a case; pooled two-proportion z-test
 */
export function rateDifference({ count, of, otherCount, otherOf }: TwoCounts): RateDifference {
  const [rate, otherRate] = [of > 0 ? count / of : 0, otherOf > 0 ? otherCount / otherOf : 0];
  const logRatio = Math.log2((count + 0.5) / (of + 1)) - Math.log2((otherCount + 0.5) / (otherOf + 1));
  const pooled = (count + otherCount) / (of + otherOf);
  const error = Math.sqrt(pooled * (1 - pooled) * (1 / of + 1 / otherOf));
  const known = of > 0 && otherOf > 0 && error > 0;
  return { rate, otherRate, logRatio, z: known ? (rate - otherRate) / error : 0 };
}
