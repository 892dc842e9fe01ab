/** Abort controllers by purpose: asking for a new one aborts the one before, so the newest request wins. */
export class Slots<Name extends string> {
  readonly #running = new Map<Name, AbortController>();

  newest(name: Name): AbortSignal {
    this.abort(name);
    const controller = new AbortController();
    this.#running.set(name, controller);
    return controller.signal;
  }

  abort(...names: Name[]): void {
    for (const name of names) this.#running.get(name)?.abort();
  }
}
