/**
 * Seeded random numbers, the same on every platform: sfc32 (Chris Doty-Humphrey, PractRand), its state filled by
 * splitmix32 from a seed and a stream number.
 */
export class Rng {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** @param seed and @param stream whole numbers; different pairs give independent sequences */
  constructor(seed: number, stream = 0) {
    let state = (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) + Math.imul(stream, 0xc2b2ae35)) >>> 0;
    const next = (): number => {
      state = (state + 0x9e3779b9) >>> 0;
      let mixed = state;
      mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
      mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
      return (mixed ^ (mixed >>> 15)) >>> 0;
    };
    this.#a = next();
    this.#b = next() ^ stream;
    this.#c = next() ^ seed;
    for (let i = 0; i < 12; i++) this.#word();
  }

  #word(): number {
    const sum = (this.#a + this.#b + this.#counter) >>> 0;
    this.#counter = (this.#counter + 1) >>> 0;
    this.#a = (this.#b ^ (this.#b >>> 9)) >>> 0;
    this.#b = (this.#c + (this.#c << 3)) >>> 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) >>> 0;
    return sum;
  }

  /** Uniform in [0, 1). */
  unit(): number {
    return this.#word() / 4_294_967_296;
  }

  /** Uniform whole number in [0, below). */
  below(below: number): number {
    return Math.floor(this.unit() * below);
  }

  /** Uniform whole number in [low, high], both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  chance(probability: number): boolean {
    return this.unit() < probability;
  }

  pick<Value>(values: readonly Value[]): Value {
    return values[this.below(values.length)]!;
  }

  /** `count` different values, in random order. */
  sample<Value>(values: readonly Value[], count: number): Value[] {
    const rest = [...values];
    const taken = Math.min(count, rest.length);
    for (let i = 0; i < taken; i++) {
      const j = i + this.below(rest.length - i);
      [rest[i], rest[j]] = [rest[j]!, rest[i]!];
    }
    return rest.slice(0, taken);
  }
}
