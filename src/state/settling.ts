/** How long changes must rest before something long is begun anew, ms. */
export const REST_MS = 400;

/**
 * Runs long work once changes have come to rest: when the pointer that drags is released, or a while after the last
 * change. Nothing runs while a pointer is held down.
 */
export class Settling {
  /** Something changed and is not at rest yet. */
  due = false;
  readonly #work: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #held = false;

  constructor(work: () => void) {
    this.#work = work;
  }

  /** Something changed. */
  soon(): void {
    clearTimeout(this.#timer);
    this.due = true;
    this.#timer = setTimeout(() => {
      if (!this.#held) this.#run();
    }, REST_MS);
  }

  cancel(): void {
    clearTimeout(this.#timer);
    this.due = false;
  }

  #run(): void {
    if (!this.due) return;
    this.cancel();
    this.#work();
  }

  /** Heeds the pointer. @returns ends it, and forgets what is due */
  watch(): () => void {
    const watching = new AbortController();
    const down = (): void => {
      this.#held = true;
    };
    const up = (): void => {
      this.#held = false;
      this.#run();
    };
    const options = { signal: watching.signal, capture: true };
    document.addEventListener('pointerdown', down, options);
    document.addEventListener('pointerup', up, options);
    document.addEventListener('pointercancel', up, options);
    return () => {
      watching.abort();
      this.#held = false;
      this.cancel();
    };
  }
}
