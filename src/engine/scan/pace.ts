/** Does something every so often, and less often where it takes long: at most a twentieth of the time. */
export class NowAndThen {
  #due: number;

  constructor(private readonly everyMs: number) {
    this.#due = performance.now() + everyMs;
  }

  async maybe(work: () => void | Promise<void>): Promise<void> {
    const begun = performance.now();
    if (begun < this.#due) return;
    await work();
    const ended = performance.now();
    this.#due = ended + Math.max(this.everyMs, 20 * (ended - begun));
  }
}

const WINDOW_MS = 5_000;

/** How fast a count grows, over the last seconds. */
export class Pace {
  readonly #seen: { at: number; count: number }[];

  constructor(count: number) {
    this.#seen = [{ at: performance.now(), count }];
  }

  /** A second; 0 while nothing is known. */
  at(count: number): number {
    const now = performance.now();
    this.#seen.push({ at: now, count });
    while (this.#seen.length > 2 && this.#seen[0]!.at < now - WINDOW_MS) this.#seen.shift();
    const first = this.#seen[0]!;
    return now > first.at ? (1_000 * (count - first.count)) / (now - first.at) : 0;
  }
}
