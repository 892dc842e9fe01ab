/** Weighted mean and standard deviation between texts, number by number. */
export class Totals {
  readonly #mean: Float64Array;
  readonly #square: Float64Array;
  #weight = 0;

  constructor(readonly length: number) {
    this.#mean = new Float64Array(length);
    this.#square = new Float64Array(length);
  }

  /**
   * @param sums of one text, over `weight` rows
   * @source West 1979, Updating mean and variance estimates (weighted, incremental)
   */
  add(sums: ArrayLike<number>, weight: number): void {
    if (weight <= 0) return;
    this.#weight += weight;
    for (let i = 0; i < this.length; i++) {
      const value = sums[i]! / weight;
      const before = value - this.#mean[i]!;
      this.#mean[i]! += (before * weight) / this.#weight;
      this.#square[i]! += weight * before * (value - this.#mean[i]!);
    }
  }

  /** NaN while there is nothing. */
  get mean(): Float32Array {
    return Float32Array.from(this.#mean, (value) => (this.#weight > 0 ? value : NaN));
  }

  get spread(): Float32Array {
    return Float32Array.from(this.#square, (sum) =>
      this.#weight > 0 ? Math.sqrt(Math.max(0, sum / this.#weight)) : NaN,
    );
  }
}
