/** How long one turn on the GPU should take, ms: a reading that waits for it is not felt to wait. */
const TURN_MS = 250;

/** Finds how many steps fit a turn, from how long those before took. */
export class Pace {
  #size = 1;

  constructor(private readonly most = Infinity) {}

  /** Steps for the next turn. */
  get size(): number {
    return this.#size;
  }

  took(steps: number, ms: number): void {
    const fitting = Math.floor(TURN_MS / Math.max(1e-3, ms / steps));
    // The first turn compiles kernels, and says little of the next.
    this.#size = Math.max(1, Math.min(this.most, fitting, 4 * this.#size));
  }
}
