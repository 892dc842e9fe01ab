/** Middle and spread of some rounds. */
export interface Quartiles {
  median: number;
  /** A quarter of the rounds lies at or below it. */
  lower: number;
  upper: number;
}

/**
 * Between two values the quantile lies in proportion, as in NumPy's default (R's type 7).
 * @returns NaN for no values
 */
export function quartiles(values: readonly number[]): Quartiles {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => {
    const place = share * (sorted.length - 1);
    const below = Math.floor(place);
    const low = sorted[below] ?? NaN;
    return low + (place - below) * ((sorted[below + 1] ?? low) - low);
  };
  return { median: at(0.5), lower: at(0.25), upper: at(0.75) };
}
