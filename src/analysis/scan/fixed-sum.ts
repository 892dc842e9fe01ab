/**
 * Sums of positive f32 values that do not depend on the order they are added in: whole numbers of 2⁻²⁶, each value
 * rounded down to one and, where it is above 2²⁵, taken as that. The kernel `sae_statistics` adds the same numbers in two
 * words. A value of 0.001 is so off by less than 1.5e-5 of itself.
 */
export const FIXED_BITS = 26;
const SCALE = 2 ** FIXED_BITS;
const MOST = 2 ** 25;
const WORD = 2 ** 32;

/** Adds up [F] sums of one chunk. */
export class FixedSums {
  readonly #high: Float64Array;
  readonly #low: Float64Array;

  constructor(features: number) {
    this.#high = new Float64Array(features);
    this.#low = new Float64Array(features);
  }

  add(feature: number, value: number): void {
    const fixed = Math.floor(Math.min(value, MOST) * SCALE);
    const high = Math.floor(fixed / WORD);
    this.#high[feature]! += high;
    this.#low[feature]! += fixed - high * WORD;
  }

  /** Adds what was collected to `sum`, and is empty again. */
  fold(sum: Float64Array): void {
    for (let feature = 0; feature < sum.length; feature++) {
      const [high, low] = [this.#high[feature]!, this.#low[feature]!];
      if (high === 0 && low === 0) continue;
      const carry = Math.floor(low / WORD);
      sum[feature]! += fromWords(high + carry, low - carry * WORD);
      this.#high[feature] = 0;
      this.#low[feature] = 0;
    }
  }
}

/** @param high and low 32 bits of the sum */
export const fromWords = (high: number, low: number): number => (high * WORD + low) / SCALE;
