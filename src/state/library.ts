import { create } from 'zustand';
import type { FileSet, Inspection } from '../engine/protocol.ts';
import type {
  HubSettings,
  HubState,
  LibraryProgress,
  StorageUsage,
  StoredSet,
  Verification,
} from '../library/protocol.ts';
import { FacetError } from '../shared/errors.ts';
import { theEngine } from './engine.ts';
import { theLibrary } from './library-door.ts';
import type { SiteModel } from './published.ts';
import { parseReference } from './reference.ts';
import { inPage, keepInPage, listingOf, missingOf, partOfSet, setAtHand, withWeights } from './sets.ts';

/** A set of files that was looked into, here or on the hub. Keyed by its id. */
export interface Look {
  set: FileSet;
  inspection: Inspection;
  gated?: boolean;
  tags?: readonly string[];
}

/** A download or an import, while it runs and after it was stopped. Keyed by the id of its set. */
export interface Job {
  state: 'running' | 'stopped' | 'failed';
  progress?: LibraryProgress;
  /** Bytes a second over the last seconds; 0 while unknown. */
  rate: number;
  error?: FacetError;
  /** What has been asked for; the same again resumes it. */
  paths: readonly string[];
}

interface LibraryState {
  hub?: HubState;
  stored?: readonly StoredSet[];
  usage?: StorageUsage;
  looks: Readonly<Record<string, Look>>;
  /** What is being looked at, by the reference it was asked for with. */
  looking: Readonly<Record<string, boolean>>;
  /** What went wrong, by the same reference, or by the name of a setting. */
  failures: Readonly<Record<string, FacetError | undefined>>;
  jobs: Readonly<Record<string, Job | undefined>>;
  verified: Readonly<Record<string, Verification | 'running' | undefined>>;
}

interface LibraryActions {
  /** Reads settings and what is stored; asks nobody else. */
  refresh: () => Promise<void>;
  /**
   * Asks the hub what a repository holds, fetches its small configurations and looks into them.
   * @param asked key of `looking` and `failures`
   * @returns the id of the set
   */
  look: (asked: string, repo: string, revision?: string) => Promise<string | undefined>;
  /** Looks into a set that is on this device or in this page, or a part of it. */
  lookInto: (reference: string) => Promise<boolean>;
  /** Looks into a model that this site brings. */
  lookAtSite: (model: SiteModel) => Promise<void>;
  /** Fetches files of a looked-at set. @returns whether all of them are here now */
  download: (id: string, paths: readonly string[]) => Promise<boolean>;
  /** Stops a download or import; what has arrived is kept. */
  stop: (id: string) => void;
  /** @returns the id of the set */
  importFiles: (files: readonly { path: string; file: File }[], keep: boolean) => Promise<string | undefined>;
  remove: (id: string) => Promise<void>;
  verify: (id: string) => Promise<void>;
  persist: () => Promise<void>;
  configure: (settings: HubSettings) => Promise<boolean>;
  forgetToken: () => Promise<void>;
  dismiss: (key: string) => void;
}

/** Key of the job that reads chosen files. */
export const IMPORT = 'import';
/** Key of a failure to read or change settings or storage. */
export const SETTINGS = 'settings';

/** From this size on a set is asked to be kept when the disk is full. */
const WORTH_KEEPING = 50_000_000;
/** Configurations that are fetched with a look, so that what they say can be shown. */
const SMALL_FILE = 1_000_000;
const SMALL_FILES = 64;

export const useLibrary = create<LibraryState & LibraryActions>()((set, get) => {
  const running = new Map<string, AbortController>();

  function put<Key extends 'looks' | 'looking' | 'failures' | 'jobs' | 'verified'>(
    part: Key,
    key: string,
    value: LibraryState[Key][string],
  ): void {
    set({ [part]: { ...get()[part], [key]: value } } as unknown as Partial<LibraryState>);
  }

  /** Runs one thing and keeps what went wrong under its key. */
  async function attempt<Result>(key: string, run: () => Promise<Result>): Promise<Result | undefined> {
    put('failures', key, undefined);
    try {
      return await run();
    } catch (thrown) {
      const error = FacetError.from(thrown);
      if (error.code !== 'cancelled') put('failures', key, error);
      return undefined;
    }
  }

  async function refresh(): Promise<void> {
    await attempt(SETTINGS, async () => {
      const library = theLibrary();
      const [hub, stored, usage] = await Promise.all([
        library.configure({}),
        library.stored(),
        library.usage(),
      ]);
      set({ hub, stored, usage });
    });
  }

  async function inspect(whole: FileSet, path: string): Promise<void> {
    const chosen = chosenPart(whole, path);
    const inspection = await theEngine().inspect(chosen);
    const before = get().looks[whole.id];
    put('looks', chosen.id, { ...before, set: chosen, inspection });
  }

  /** Runs one job under its key, with progress and a way to stop it. */
  async function work<Result>(
    key: string,
    paths: readonly string[],
    run: (signal: AbortSignal, onProgress: (progress: LibraryProgress) => void) => Promise<Result>,
  ): Promise<Result | undefined> {
    running.get(key)?.abort();
    const controller = new AbortController();
    running.set(key, controller);
    const { signal } = controller;
    const meter = rateMeter();
    put('jobs', key, { state: 'running', rate: 0, paths });
    try {
      const result = await run(signal, (progress) => {
        // Progress may arrive after the result it led to.
        if (signal.aborted || running.get(key) !== controller) return;
        put('jobs', key, { state: 'running', progress, rate: meter(progress), paths });
      });
      if (running.get(key) === controller) {
        running.delete(key);
        put('jobs', key, undefined);
      }
      return result;
    } catch (thrown) {
      const error = FacetError.from(thrown);
      if (running.get(key) === controller) {
        const { progress } = get().jobs[key] ?? {};
        const state = error.code === 'cancelled' ? 'stopped' : 'failed';
        put('jobs', key, { state, progress, rate: 0, error, paths });
      }
      return undefined;
    } finally {
      if (running.get(key) === controller) running.delete(key);
    }
  }

  return {
    looks: {},
    looking: {},
    failures: {},
    jobs: {},
    verified: {},
    refresh,

    async look(asked, repo, revision) {
      put('looking', asked, true);
      const found = await attempt(asked, async () => {
        const library = theLibrary();
        const listing = await library.look({ repo, revision });
        const id = `hf:${listing.repo}@${listing.revision}`;
        const { files } = listing;
        const here = await setAtHand(id);
        const known = new Set(here?.files.map(({ path }) => path));
        const absent = files
          .filter(({ path }) => !known.has(path))
          .map(({ path, bytes }) => ({ path, bytes }));
        const whole: FileSet = {
          id,
          title: listing.repo,
          license: listing.license,
          files: here?.files ?? [],
          absent,
        };
        put('looks', id, {
          set: whole,
          inspection: await theEngine().inspect(whole),
          gated: listing.gated,
          tags: listing.tags,
        });
        const paths = tellingFiles(whole, get().looks[id]!.inspection);
        if (paths.length > 0) {
          await library.fetch({ repo: listing.repo, revision: listing.revision, paths });
          await inspect((await setAtHand(id)) ?? whole, '');
        }
        return id;
      });
      put('looking', asked, false);
      void refresh();
      return found;
    },

    async lookInto(reference) {
      put('looking', reference, true);
      const found = await attempt(reference, async () => {
        const parsed = parseReference(reference);
        if (!parsed || parsed.kind === 'catalogue') return false;
        const whole = get().looks[parsed.set]?.set ?? (await setAtHand(parsed.set));
        if (!whole) return false;
        // The whole set says which weights there are to choose from.
        if (parsed.path !== '' && !get().looks[parsed.set]) await inspect(whole, '');
        await inspect(whole, parsed.path);
        return true;
      });
      put('looking', reference, false);
      return found ?? false;
    },

    async lookAtSite({ id, title, license, base, files }) {
      put('looking', id, true);
      await attempt(id, async () => {
        const inspection = await theEngine().inspect({ folder: `${base}/`, id, files });
        put('looks', id, { set: { id, title, license, files: [], absent: files }, inspection });
      });
      put('looking', id, false);
    },

    async download(id, paths) {
      const parsed = parseReference(id);
      if (parsed?.kind !== 'hub') return false;
      const { repo, revision, set: whole } = parsed;
      const got = await work(whole, paths, (signal, onProgress) =>
        theLibrary().fetch({ repo, revision, paths }, { signal, onProgress }),
      );
      await attempt(whole, async () => {
        const here = await setAtHand(whole);
        if (!here) return;
        // Every part of it that is on show may have more files now.
        const shown = Object.keys(get().looks).filter((key) => key === whole || key.startsWith(`${whole}:`));
        for (const key of shown) {
          const part = parseReference(key);
          if (part && part.kind !== 'catalogue') await inspect(here, part.path);
        }
      });
      await refresh();
      // Asked once there is something worth keeping; some browsers ask the visitor.
      const { usage } = get();
      if (got && usage && !usage.persisted && sizeOf(got) > WORTH_KEEPING) void get().persist();
      return got !== undefined;
    },

    stop: (id) => running.get(id)?.abort(),

    async importFiles(files, keep) {
      const found = await work(IMPORT, [], (signal, onProgress) =>
        theLibrary().importFiles({ files, keep }, { signal, onProgress }),
      );
      if (!found) return undefined;
      keepInPage(found);
      await attempt(found.id, () => inspect(found, ''));
      void refresh();
      return found.id;
    },

    async remove(id) {
      await attempt(SETTINGS, () => theLibrary().remove(id));
      const { [id]: _, ...looks } = get().looks;
      if (!inPage(id)) set({ looks });
      put('jobs', id, undefined);
      put('verified', id, undefined);
      await refresh();
    },

    async verify(id) {
      put('verified', id, 'running');
      const found = await attempt(SETTINGS, () => theLibrary().verify(id));
      put('verified', id, found);
      await refresh();
    },

    async persist() {
      const usage = await attempt(SETTINGS, () => theLibrary().persist());
      if (usage) set({ usage });
    },

    async configure(settings) {
      const hub = await attempt(SETTINGS, () => theLibrary().configure(settings));
      if (hub) set({ hub });
      return hub !== undefined;
    },

    async forgetToken() {
      const hub = await attempt(SETTINGS, () => theLibrary().forgetToken());
      if (hub) set({ hub });
    },

    dismiss(key) {
      put('failures', key, undefined);
      if (get().jobs[key]?.state !== 'running') put('jobs', key, undefined);
    },
  };
});

/** Small configurations that would say more than the names of the files do. */
function tellingFiles(set: FileSet, { model, dictionaries }: Inspection): string[] {
  const named = [...(model?.files ?? []), ...dictionaries.flatMap(({ files }) => files)];
  const own = ['config.json', 'tokenizer.json', 'model.safetensors.index.json'];
  const small = listingOf(set).filter(({ path, bytes }) => bytes <= SMALL_FILE && path.endsWith('.json'));
  const wanted = new Set([...own, ...named.map(({ path }) => path)]);
  const telling = small.map(({ path }) => path).filter((path) => wanted.has(path));
  return missingOf(set, telling).slice(0, SMALL_FILES);
}

/** A path names one of several weights files, or a dictionary. */
function chosenPart(whole: FileSet, path: string): FileSet {
  return /\.gguf$/i.test(path) ? withWeights(whole, path) : partOfSet(whole, path);
}

const sizeOf = ({ files }: FileSet): number => files.reduce((sum, { blob }) => sum + blob.size, 0);

const WINDOW_MS = 5_000;

/** Bytes a second over the last few seconds, so that a rate that changes is soon seen. */
export function rateMeter(
  now: () => number = () => performance.now(),
): (progress: LibraryProgress) => number {
  let marks: { at: number; done: number }[] = [];
  let phase = '';
  return (progress) => {
    if (progress.phase !== phase || progress.done < (marks.at(-1)?.done ?? 0)) marks = [];
    ({ phase } = progress);
    const at = now();
    marks.push({ at, done: progress.done });
    // The oldest mark is the newest of those that are old enough.
    while (marks.length > 2 && at - marks[1]!.at >= WINDOW_MS) marks.shift();
    const first = marks[0]!;
    const elapsed = at - first.at;
    return elapsed < 500 ? 0 : ((progress.done - first.done) / elapsed) * 1000;
  };
}
