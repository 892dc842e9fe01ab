import { proxy, transferHandlers } from 'comlink';
import { FacetError, type FacetErrorRecord } from '../shared/errors.ts';

/** What Comlink's own `throw` handler is given. */
interface ThrownValue {
  value: unknown;
}

/**
 * Comlink keeps only name, message and stack of an error. This replaces its `throw` handler on both sides, so that a
 * `FacetError` arrives as one, with code, hint and detail, and anything else arrives as a `bug`.
 */
export function installErrorTransfer(): void {
  const original = transferHandlers.get('throw');
  if (!original) throw new Error('comlink has no throw handler');
  transferHandlers.set('throw', {
    canHandle: (value): value is ThrownValue => original.canHandle(value),
    serialize: ({ value }: ThrownValue) => [FacetError.from(value).toRecord(), []],
    deserialize: (record: FacetErrorRecord): never => {
      throw new FacetError(record.code, record.message, record);
    },
  });
}

export interface CallOptions<Told> {
  /** Aborting rejects the call at once with code `cancelled`, and tells the worker to stop. */
  signal?: AbortSignal;
  onProgress?: (progress: Told) => void;
}

/**
 * Calls of a worker, each with a ticket by which it can be cancelled and a listener to its progress.
 * @param cancel tells the worker
 * @param gone fires with what every call still open rejects with, when the worker has ended
 */
export function ticketedCalls<Told>(cancel: (ticket: number) => unknown, gone: AbortSignal) {
  let nextTicket = 1;
  return function call<Result>(
    run: (ticket: number, listener: (progress: Told) => void) => Promise<Result>,
    { signal, onProgress }: CallOptions<Told> = {},
  ): Promise<Result> {
    const ticket = nextTicket++;
    // What was on its way when the call ended says nothing new.
    let open = true;
    const listener = proxy((progress: Told) => {
      if (open) onProgress?.(progress);
    });
    const either = signal ? AbortSignal.any([gone, signal]) : gone;
    return new Promise<Result>((resolve, reject) => {
      const abort = (): void => {
        open = false;
        if (!gone.aborted) void cancel(ticket);
        reject(gone.aborted ? FacetError.from(gone.reason) : new FacetError('cancelled', 'Cancelled.'));
      };
      if (either.aborted) return abort();
      either.addEventListener('abort', abort);
      run(ticket, listener)
        .finally(() => {
          open = false;
          either.removeEventListener('abort', abort);
        })
        .then(resolve, (thrown: unknown) => reject(FacetError.from(thrown)));
    });
  };
}
