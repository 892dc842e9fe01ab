import { FacetError } from '../shared/errors.ts';

/**
 * Lets one piece of GPU work run at a time, in order of asking. Work that was cancelled while it waited never starts,
 * so fast typing leaves no queue of stale passes on the GPU.
 */
export class Gate {
  #tail: Promise<unknown> = Promise.resolve();

  run<Result>(signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
    const turn = this.#tail.then(() => {
      if (signal.aborted) throw new FacetError('cancelled', 'Cancelled.');
      return work();
    });
    this.#tail = turn.catch(() => {});
    return turn;
  }
}
