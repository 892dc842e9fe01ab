import { type Remote, wrap } from 'comlink';
import { type CallOptions, installErrorTransfer, ticketedCalls } from '../engine/transfer.ts';
import { FacetError } from '../shared/errors.ts';
import type { AddedCorpus, CorpusApi, CorpusPreview, CorpusProgress, ReadRequest } from './protocol.ts';

/** Of what was being added when a call is aborted, nothing is kept. */
export type CorpusCallOptions = CallOptions<CorpusProgress>;

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

  const call = ticketedCalls((ticket) => remote.cancel(ticket), gone.signal);

  return {
    preview: (request, options) => call((ticket) => remote.preview(request, ticket), options?.signal),
    add: (request, options) =>
      call((ticket, live) => remote.add(request, ticket, live(options?.onProgress)), options?.signal),
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
