/**
 * The k best of what is offered: larger values first, ties to the lower index. A heap whose root is the worst that is
 * kept, so that most offers cost one comparison.
 */
export class Best {
  readonly #values: Float64Array;
  readonly #indices: Uint32Array;
  #count = 0;

  constructor(private readonly k: number) {
    this.#values = new Float64Array(k);
    this.#indices = new Uint32Array(k);
  }

  clear(): void {
    this.#count = 0;
  }

  /** NaN counts as the worst value, −∞. */
  offer(value: number, index: number): void {
    const own = value > -Infinity ? value : -Infinity;
    if (this.#count < this.k) {
      this.#rise(this.#count++, own, index);
      return;
    }
    const worst = this.#values[0]!;
    if (own < worst || (own === worst && index > this.#indices[0]!)) return;
    this.#sink(own, index, this.#count);
  }

  /** Calls with everything that is kept, worst first, and its place; empties itself. @returns how many there were */
  drain(visit: (place: number, value: number, index: number) => void): number {
    const count = this.#count;
    for (let place = count - 1; place >= 0; place--) {
      visit(place, this.#values[0]!, this.#indices[0]!);
      this.#sink(this.#values[place]!, this.#indices[place]!, place);
    }
    this.#count = 0;
    return count;
  }

  /** Whether entry `at` comes after the one given. */
  #isWorse(at: number, value: number, index: number): boolean {
    const own = this.#values[at]!;
    return own < value || (own === value && this.#indices[at]! > index);
  }

  #put(at: number, value: number, index: number): void {
    this.#values[at] = value;
    this.#indices[at] = index;
  }

  #rise(from: number, value: number, index: number): void {
    let at = from;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (this.#isWorse(above, value, index)) break;
      this.#put(at, this.#values[above]!, this.#indices[above]!);
      at = above;
    }
    this.#put(at, value, index);
  }

  /** Puts an entry in the place of the root of a heap of `count`. */
  #sink(value: number, index: number, count: number): void {
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= count) break;
      const other = below + 1;
      if (other < count && this.#isWorse(other, this.#values[below]!, this.#indices[below]!)) below = other;
      if (!this.#isWorse(below, value, index)) break;
      this.#put(at, this.#values[below]!, this.#indices[below]!);
      at = below;
    }
    this.#put(at, value, index);
  }
}
