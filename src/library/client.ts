import { type Remote, wrap } from 'comlink';
import { type CallOptions, installErrorTransfer, ticketedCalls } from '../engine/transfer.ts';
import { FacetError } from '../shared/errors.ts';
import type {
  FetchRequest,
  FileSet,
  HubSettings,
  HubState,
  ImportRequest,
  LibraryApi,
  LibraryProgress,
  Listing,
  LookRequest,
  StorageUsage,
  StoredSet,
  Verification,
} from './protocol.ts';

/** What a download has when it is aborted is kept. */
export type LibraryCallOptions = CallOptions<LibraryProgress>;

/** The page's door to the library; see `LibraryApi` for what each call does. */
export interface LibraryClient {
  configure(settings: HubSettings): Promise<HubState>;
  forgetToken(): Promise<HubState>;
  look(request: LookRequest, options?: LibraryCallOptions): Promise<Listing>;
  fetch(request: FetchRequest, options?: LibraryCallOptions): Promise<FileSet>;
  stored(): Promise<StoredSet[]>;
  open(id: string): Promise<FileSet>;
  remove(id: string): Promise<void>;
  verify(id: string, options?: LibraryCallOptions): Promise<Verification>;
  usage(): Promise<StorageUsage>;
  /** Asks the browser not to clear this site's storage by itself; best after a click, since some ask the visitor. */
  persist(): Promise<StorageUsage>;
  importFiles(request: ImportRequest, options?: LibraryCallOptions): Promise<FileSet>;
  /** Ends the worker; every call still open rejects with `cancelled`. Downloads go on where they stopped next time. */
  dispose(): void;
}

/** Starts the worker. It does nothing until it is asked. */
export function startLibrary(): LibraryClient {
  installErrorTransfer();
  const worker = new Worker(new URL('./library.worker.ts', import.meta.url), {
    type: 'module',
    name: 'facet-library',
  });
  const remote: Remote<LibraryApi> = wrap<LibraryApi>(worker);
  const gone = new AbortController();

  worker.onerror = (event) => {
    const why = event.message || 'its script failed to load';
    worker.terminate();
    gone.abort(new FacetError('bug', `The library could not start: ${why}.`, { hint: 'Reload the page.' }));
  };

  const call = ticketedCalls((ticket) => remote.cancel(ticket), gone.signal);

  return {
    configure: (settings) => call(() => remote.configure(settings)),
    forgetToken: () => call(() => remote.forgetToken()),
    look: (request, options) => call((ticket) => remote.look(request, ticket), options?.signal),
    fetch: (request, options) =>
      call((ticket, live) => remote.fetch(request, ticket, live(options?.onProgress)), options?.signal),
    stored: () => call(() => remote.stored()),
    open: (id) => call(() => remote.open(id)),
    remove: (id) => call(() => remote.remove(id)),
    verify: (id, options) =>
      call((ticket, live) => remote.verify(id, ticket, live(options?.onProgress)), options?.signal),
    usage: () => call(() => remote.usage()),
    persist: async () => {
      // Workers may not ask.
      await navigator.storage?.persist?.().catch(() => false);
      return call(() => remote.usage());
    },
    importFiles: (request, options) =>
      call((ticket, live) => remote.importFiles(request, ticket, live(options?.onProgress)), options?.signal),
    dispose: () => {
      worker.terminate();
      gone.abort(new FacetError('cancelled', 'The library was closed.'));
    },
  };
}
