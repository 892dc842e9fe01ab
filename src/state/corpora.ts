import { create } from 'zustand';
import { type CorpusClient, startCorpora } from '../corpus/client.ts';
import type {
  AddedCorpus,
  CorpusFiles,
  CorpusItem,
  CorpusManifest,
  CorpusPreview,
  CorpusProgress,
  CorpusStorage,
  ReadRequest,
} from '../corpus/protocol.ts';
import { FacetError } from '../shared/errors.ts';

/** A file or a pasted text that was chosen and is not kept yet. */
export interface Draft {
  request: ReadRequest;
  /** Of the request as it stands; while it is read anew, of the one before. */
  preview?: CorpusPreview;
  reading: boolean;
}

/** Texts that are being kept. */
export interface Adding {
  name: string;
  progress?: CorpusProgress;
  /** Seconds, by the pace so far; undefined while there is none. */
  left?: number;
}

interface CorporaState {
  /** Newest first; undefined until it was asked for. */
  kept?: readonly CorpusManifest[];
  storage?: CorpusStorage;
  draft?: Draft;
  adding?: Adding;
  /** What was added last. */
  added?: AddedCorpus;
  /** Of the draft or of adding it. */
  failure?: FacetError;
  /** Of the list of what is kept. */
  listFailure?: FacetError;
}

interface CorporaActions {
  /** Reads what is kept. */
  refresh: () => Promise<void>;
  /** Looks at the beginning of a source. The newest call wins. */
  preview: (request: ReadRequest) => Promise<void>;
  /** Reads the draft in another way. What depends on what was changed is detected anew. */
  change: (how: Partial<Pick<ReadRequest, 'format' | 'encoding' | 'field' | 'header'>>) => Promise<void>;
  discard: () => void;
  /** Keeps the draft, read as it was shown. @returns its description, unless it failed or was stopped */
  add: () => Promise<AddedCorpus | undefined>;
  stop: () => void;
  rename: (digest: string, name: string) => Promise<void>;
  remove: (digest: string) => Promise<void>;
  /** The files of a corpus for the engine; `undefined` when it is not on this device. @throws FacetError else */
  openOwn: (digest: string) => Promise<CorpusFiles | undefined>;
  /** Items for a look at them. @param corpus its name, as links have it @throws FacetError */
  read: (corpus: string, first: number, count: number) => Promise<CorpusItem[]>;
}

let client: CorpusClient | undefined;
/** The one worker, started when it is first asked for, and another when it ended by itself. */
function theCorpora(): CorpusClient {
  client ??= startCorpora(() => {
    client = undefined;
  });
  return client;
}

/** @param corpora for tests */
export const createCorpora = (corpora: () => CorpusClient = theCorpora) =>
  create<CorporaState & CorporaActions>()((set, get) => {
    let looking = new AbortController();
    let keeping = new AbortController();

    async function refresh(): Promise<void> {
      try {
        const [kept, storage] = await Promise.all([corpora().list(), corpora().storage()]);
        set({ kept, storage, listFailure: undefined });
      } catch (thrown) {
        set({ listFailure: FacetError.from(thrown) });
      }
    }

    async function preview(request: ReadRequest): Promise<void> {
      looking.abort();
      looking = new AbortController();
      const { signal } = looking;
      // Of another way to read the same source the old look stays until there is a new one.
      const before = get().draft;
      const shown = before?.request.source === request.source ? before.preview : undefined;
      set({ draft: { request, preview: shown, reading: true }, failure: undefined, added: undefined });
      try {
        const found = await corpora().preview(request, { signal });
        if (!signal.aborted) set({ draft: { request, preview: found, reading: false } });
      } catch (thrown) {
        if (signal.aborted) return;
        // What can be read in another way stays, so that it can be.
        const asked = request.format !== undefined || request.encoding !== undefined;
        const draft = shown && asked ? { request, preview: shown, reading: false } : undefined;
        set({ draft, failure: FacetError.from(thrown) });
      }
    }

    /** Runs one change of what is kept. */
    async function changing(work: () => Promise<unknown>): Promise<void> {
      try {
        await work();
        await refresh();
      } catch (thrown) {
        await refresh();
        set({ listFailure: FacetError.from(thrown) });
      }
    }

    return {
      refresh,
      preview,

      async change(how) {
        const { draft } = get();
        if (!draft) return;
        const { source, name, format, encoding } = draft.request;
        // Another format or encoding has other columns.
        const kept = 'format' in how || 'encoding' in how ? { format, encoding } : draft.request;
        await preview({ ...kept, ...how, source, name });
      },

      discard() {
        looking.abort();
        set({ draft: undefined, failure: undefined });
      },

      async add() {
        const { draft } = get();
        if (!draft?.preview || draft.reading || get().adding) return undefined;
        const { request, preview: seen } = draft;
        const { format, encoding, field, header, delimiter } = seen;
        keeping = new AbortController();
        const { signal } = keeping;
        const started = performance.now();
        set({ adding: { name: request.name }, failure: undefined, added: undefined });
        try {
          const added = await corpora().add(
            { source: request.source, name: request.name, format, encoding, field, header, delimiter },
            {
              signal,
              onProgress: (progress) => {
                if (!signal.aborted)
                  set({
                    adding: {
                      name: request.name,
                      progress,
                      left: timeLeft(progress, performance.now() - started),
                    },
                  });
              },
            },
          );
          set({ adding: undefined, draft: undefined, added });
          void askToKeep(added);
          await refresh();
          return added;
        } catch (thrown) {
          const error = FacetError.from(thrown);
          set({ adding: undefined, failure: error.code === 'cancelled' ? undefined : error });
          return undefined;
        }
      },

      stop: () => keeping.abort(),
      rename: (digest, name) => changing(() => corpora().rename(digest, name)),
      remove: (digest) => changing(() => corpora().remove(digest)),

      async openOwn(digest) {
        try {
          return await corpora().open(digest);
        } catch (thrown) {
          if (FacetError.from(thrown).code === 'not-found') return undefined;
          throw thrown;
        }
      },

      read: (corpus, first, count) => corpora().read(corpus, first, count),
    };
  });

export const useCorpora = createCorpora();

/** Below this little is known of the pace. */
const LEAST_MS = 500;

/** Seconds until all bytes are read, if it goes on as it did. */
export function timeLeft({ done, total }: CorpusProgress, elapsedMs: number): number | undefined {
  if (elapsedMs < LEAST_MS || done <= 0 || total <= 0) return undefined;
  return (Math.max(0, total - done) / done) * (elapsedMs / 1000);
}

/** From this size on a corpus is asked to be kept when the disk is full; some browsers ask the visitor. */
const WORTH_KEEPING = 50_000_000;

async function askToKeep({ textBytes }: CorpusManifest): Promise<void> {
  if (textBytes < WORTH_KEEPING) return;
  await globalThis.navigator?.storage?.persist?.().catch(() => false);
}
