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

/** Options of a call to a worker. */
export interface CallOptions<Told> {
  /** Aborting rejects the call at once with code `cancelled`, and tells the worker to stop. */
  signal?: AbortSignal;
  onProgress?: (progress: Told) => void;
}

/** Hands a callback to the worker, for as long as the call is open. */
export type Live = <Told>(callback: ((told: Told) => void) | undefined) => (told: Told) => void;

/** Runs one call of a worker: with a ticket by which it can be cancelled, until it settles, the signal fires or the worker is gone. */
export type Call = <Result>(
  run: (ticket: number, live: Live) => Promise<Result>,
  signal?: AbortSignal,
) => Promise<Result>;

/**
 * @param cancel tells the worker
 * @param gone fires with what every call still open rejects with, when the worker has ended
 */
export function ticketedCalls(cancel: (ticket: number) => unknown, gone: AbortSignal): Call {
  let nextTicket = 1;
  return function call<Result>(
    run: (ticket: number, live: Live) => Promise<Result>,
    signal?: AbortSignal,
  ): Promise<Result> {
    const ticket = nextTicket++;
    // Callbacks come on ports of their own: one that was on its way when the call ended arrives after the answer.
    let open = true;
    const live: Live = (callback) =>
      proxy((told) => {
        if (open) callback?.(told);
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
      run(ticket, live)
        .finally(() => {
          open = false;
          either.removeEventListener('abort', abort);
        })
        .then(resolve, (thrown: unknown) => reject(FacetError.from(thrown)));
    });
  };
}
