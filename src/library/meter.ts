import type { LibraryProgress } from './protocol.ts';

/** Messages between threads cost more than they tell when there are thousands a second. */
const INTERVAL_MS = 100;

/** Adds up what several files have, and tells it now and then. */
export class Meter {
  readonly #done = new Map<string, number>();
  #last = 0;

  constructor(
    private readonly phase: LibraryProgress['phase'],
    private readonly total: number,
    private readonly onProgress: (progress: LibraryProgress) => void,
  ) {}

  /** @param done bytes of this file so far. A note is always told. */
  set(what: string, done: number, note?: string): void {
    this.#done.set(what, done);
    const now = performance.now();
    if (note === undefined && now - this.#last < INTERVAL_MS) return;
    this.#last = now;
    this.tell(what, note);
  }

  /** Tells how things stand, whenever the last time was. */
  tell(what: string, note?: string): void {
    const done = [...this.#done.values()].reduce((sum, bytes) => sum + bytes, 0);
    this.onProgress({ phase: this.phase, what, done, total: this.total, note });
  }
}
