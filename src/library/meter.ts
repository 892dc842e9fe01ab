import type { LibraryProgress } from './protocol.ts';

/** Messages between threads cost more than they tell when there are thousands a second. */
const INTERVAL_MS = 100;

/** Adds up what several files have, and tells it now and then. */
export class Meter {
  readonly #done = new Map<string, number>();
  #last = 0;
  #later: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly phase: LibraryProgress['phase'],
    private readonly total: number,
    private readonly onProgress: (progress: LibraryProgress) => void,
  ) {}

  /** @param done bytes of this file so far. A note is always told. */
  set(what: string, done: number, note?: string): void {
    this.#done.set(what, done);
    const wait = this.#last + INTERVAL_MS - performance.now();
    if (note !== undefined || wait <= 0) return this.tell(what, note);
    // A connection that falls silent now must not leave an old figure standing.
    this.#later ??= setTimeout(() => this.tell(what), wait);
  }

  /** Tells how things stand, whenever the last time was. */
  tell(what: string, note?: string): void {
    clearTimeout(this.#later);
    this.#later = undefined;
    this.#last = performance.now();
    const done = [...this.#done.values()].reduce((sum, bytes) => sum + bytes, 0);
    this.onProgress({ phase: this.phase, what, done, total: this.total, note });
  }
}
