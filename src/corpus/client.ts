import { proxy, type Remote, wrap } from 'comlink';
import { installErrorTransfer } from '../engine/transfer.ts';
import { FacetError } from '../shared/errors.ts';
import type { AddedCorpus, CorpusApi, CorpusPreview, CorpusProgress, ReadRequest } from './protocol.ts';

export interface CorpusCallOptions {
  /** Aborting rejects the call at once with code `cancelled`; nothing of what was being added is kept. */
  signal?: AbortSignal;
  onProgress?: (progress: CorpusProgress) => void;
}

/** The page's door to the visitor's texts; see `CorpusApi` for what each call does. */
export interface CorpusClient extends Pick<
  CorpusApi,
  'list' | 'open' | 'read' | 'rename' | 'remove' | 'storage'
> {
  preview(request: ReadRequest, options?: CorpusCallOptions): Promise<CorpusPreview>;
  add(request: ReadRequest, options?: CorpusCallOptions): Promise<AddedCorpus>;
  /** Ends the worker; every call still open rejects with `cancelled`. */
  dispose(): void;
}

/** Starts the worker. It does nothing until it is asked. @param onGone when it ended by itself, for want of memory */
export function startCorpora(onGone?: () => void): CorpusClient {
  installErrorTransfer();
  const worker = new Worker(new URL('./corpus.worker.ts', import.meta.url), {
    type: 'module',
    name: 'facet-corpora',
  });
  const remote: Remote<CorpusApi> = wrap<CorpusApi>(worker);
  const gone = new AbortController();
  let nextTicket = 1;

  worker.onerror = (event) => {
    const why = event.message || 'its script failed to load';
    worker.terminate();
    gone.abort(
      new FacetError('bug', `The reader of texts stopped: ${why}.`, {
        hint: 'Try again; if a file needs more memory than there is, split it.',
      }),
    );
    onGone?.();
  };

  /** Settles early on abort or when the worker is gone, and tells the worker to stop. */
  function call<Result>(
    run: (ticket: number, listener: (progress: CorpusProgress) => void) => Promise<Result>,
    { signal, onProgress }: CorpusCallOptions = {},
  ): Promise<Result> {
    const ticket = nextTicket++;
    // What was on its way when the call ended says nothing new.
    let open = true;
    const listener = proxy((progress: CorpusProgress) => {
      if (open) onProgress?.(progress);
    });
    const either = signal ? AbortSignal.any([gone.signal, signal]) : gone.signal;
    return new Promise<Result>((resolve, reject) => {
      const abort = (): void => {
        open = false;
        if (!gone.signal.aborted) void remote.cancel(ticket);
        reject(
          gone.signal.aborted
            ? FacetError.from(gone.signal.reason)
            : new FacetError('cancelled', 'Cancelled.'),
        );
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
  }

  return {
    preview: (request, options) => call((ticket) => remote.preview(request, ticket), options),
    add: (request, options) => call((ticket, listener) => remote.add(request, ticket, listener), options),
    list: () => call(() => remote.list()),
    open: (digest) => call(() => remote.open(digest)),
    read: (corpus, first, count) => call(() => remote.read(corpus, first, count)),
    rename: (digest, name) => call(() => remote.rename(digest, name)),
    remove: (digest) => call(() => remote.remove(digest)),
    storage: () => call(() => remote.storage()),
    dispose: () => {
      worker.terminate();
      gone.abort(new FacetError('cancelled', 'The reader of texts was closed.'));
    },
  };
}
