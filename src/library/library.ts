import { FacetError } from '../shared/errors.ts';
import { digestBlob } from './digest.ts';
import { fetchSet, type Kept } from './fetch-set.ts';
import { DEFAULT_ENDPOINT, DEFAULT_PATIENCE, Hub, type Patience } from './hub.ts';
import { importSet } from './import-set.ts';
import { Meter } from './meter.ts';
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
  Ticket,
  Verification,
} from './protocol.ts';
import { parseSetId, type SetId } from './set-id.ts';
import { readSettings, type Settings, writeSettings } from './settings.ts';
import { damagedKey, type Manifest, Shelf } from './shelf.ts';
import type { Lock, Space, Store } from './store.ts';
import { isQuotaError, storageFull } from './troubles.ts';

/** What the library stands on; in a browser OPFS, Web Locks and the storage manager. */
export interface Ground {
  store: Store;
  space: Space;
  lock: Lock;
  patience?: Patience;
}

type OnProgress = (progress: LibraryProgress) => void;

/** Listings of commits never change, so they are asked for once. */
const LISTINGS = 20;

/** See `LibraryApi` for what each call does. */
export class Library implements LibraryApi {
  readonly #ready: Promise<Kept>;
  readonly #open = new Map<Ticket, AbortController>();
  readonly #listings = new Map<string, Listing>();
  #hub!: Hub;
  #settings: Settings = { endpoint: DEFAULT_ENDPOINT };
  #remembered = false;

  constructor(ground: Promise<Ground>) {
    this.#ready = ground.then(async ({ store, space, lock, patience = DEFAULT_PATIENCE }) => {
      const remembered = await readSettings(store);
      this.#remembered = remembered !== undefined;
      this.#use(remembered ?? this.#settings, patience);
      return { store, space, lock, shelf: new Shelf(store) };
    });
  }

  async configure({ endpoint, token, remember }: HubSettings): Promise<HubState> {
    const { store } = await this.#ready;
    const next = new Hub(endpoint ?? this.#settings.endpoint, undefined, this.#hub.patience).endpoint;
    const kept = next === this.#settings.endpoint ? this.#settings.token : undefined;
    this.#use({ endpoint: next, token: checkToken(token) ?? kept }, this.#hub.patience);
    if (remember ?? this.#remembered) await writeSettings(store, this.#settings);
    else await writeSettings(store, undefined);
    this.#remembered = remember ?? this.#remembered;
    return this.#state();
  }

  async forgetToken(): Promise<HubState> {
    const { store } = await this.#ready;
    this.#use({ endpoint: this.#settings.endpoint }, this.#hub.patience);
    await writeSettings(store, undefined);
    this.#remembered = false;
    return this.#state();
  }

  look({ repo, revision }: LookRequest, ticket: Ticket): Promise<Listing> {
    return this.#run(ticket, (_, signal) => this.#look(repo, revision, signal));
  }

  fetch(request: FetchRequest, ticket: Ticket, onProgress: OnProgress): Promise<FileSet> {
    return this.#run(ticket, (kept, signal) =>
      fetchSet(request, {
        kept,
        hub: this.#hub,
        look: (repo, revision) => this.#look(repo, revision, signal),
        signal,
        onProgress,
      }),
    );
  }

  async stored(): Promise<StoredSet[]> {
    return (await this.#ready).shelf.list();
  }

  async open(id: string): Promise<FileSet> {
    const { shelf } = await this.#ready;
    const { setId, key, manifest } = await this.#manifest(id);
    const present = await shelf.present(key, manifest);
    const set = shelf.fileSet(setId, manifest, present);
    if (set.files.length === 0) {
      throw new FacetError('bad-file', `Nothing whole is left of ${manifest.title} on this device.`, {
        hint: setId.kind === 'hf' ? 'Fetch it again.' : 'Choose its files again.',
      });
    }
    await shelf.touch(key);
    return set;
  }

  async remove(id: string): Promise<void> {
    const { shelf, lock } = await this.#ready;
    const key = damagedKey(id) ?? Shelf.key(parseSetId(id));
    await lock(key, new AbortController().signal, () => shelf.remove(key));
  }

  verify(id: string, ticket: Ticket, onProgress: OnProgress): Promise<Verification> {
    return this.#run(ticket, async ({ shelf, store, lock }, signal) => {
      const { key } = await this.#manifest(id);
      return lock(key, signal, async () => {
        const { manifest } = await this.#manifest(id);
        const present = await shelf.present(key, manifest);
        const total = manifest.files.reduce((sum, file) => sum + file.bytes, 0);
        const meter = new Meter('check', total, onProgress);
        const result: Verification = { sound: [], damaged: [] };
        for (const { path, sha256 } of manifest.files) {
          const blob = present.get(path)?.blob;
          const onDone = (done: number): void => meter.set(path, done);
          const found = blob && (await digestBlob(path, blob, { signal, onDone }));
          const sound = found?.sha256 === sha256;
          (sound ? result.sound : result.damaged).push(path);
          if (!sound) await store.remove(key, Shelf.fileName(path));
        }
        const lost = new Set(result.damaged);
        const damaged = manifest.files.filter(({ path }) => lost.has(path));
        if (damaged.length > 0) {
          const files = manifest.files.filter(({ path }) => !lost.has(path));
          const absent = [...manifest.absent, ...damaged.map(({ path, bytes }) => ({ path, bytes }))];
          await shelf.write(key, { ...manifest, files, absent });
        }
        return result;
      });
    });
  }

  async usage(): Promise<StorageUsage> {
    const { store, space } = await this.#ready;
    const [{ usage, quota }, persisted] = await Promise.all([
      space.estimate().catch(() => ({ usage: 0, quota: 0 })),
      space.persisted().catch(() => false),
    ]);
    return { usage, quota, persisted, durable: store.durable };
  }

  importFiles(request: ImportRequest, ticket: Ticket, onProgress: OnProgress): Promise<FileSet> {
    return this.#run(ticket, (kept, signal) => importSet(request, { kept, signal, onProgress }));
  }

  cancel(ticket: Ticket): Promise<void> {
    this.#open.get(ticket)?.abort();
    return Promise.resolve();
  }

  #use(settings: Settings, patience: Patience): void {
    this.#hub = new Hub(settings.endpoint, settings.token, patience);
    this.#settings = settings;
  }

  #state(): HubState {
    const { endpoint, token } = this.#settings;
    return { endpoint, hasToken: token !== undefined, remembered: this.#remembered };
  }

  async #run<Result>(
    ticket: Ticket,
    work: (kept: Kept, signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    const controller = new AbortController();
    this.#open.set(ticket, controller);
    try {
      return await work(await this.#ready, controller.signal);
    } catch (thrown) {
      if (isQuotaError(thrown)) throw storageFull(undefined, undefined, await this.stored());
      throw thrown;
    } finally {
      this.#open.delete(ticket);
    }
  }

  async #look(repo: string, revision: string | undefined, signal: AbortSignal): Promise<Listing> {
    const hub = this.#hub;
    const name = (at: string, commit: string): string => `${hub.endpoint} ${at}@${commit}`;
    const known = this.#listings.get(name(repo, revision ?? ''));
    if (known) return known;
    const listing = await hub.look(repo, revision, signal);
    const [oldest] = this.#listings.keys();
    if (oldest !== undefined && this.#listings.size >= LISTINGS) this.#listings.delete(oldest);
    this.#listings.set(name(listing.repo, listing.revision), listing);
    return listing;
  }

  async #manifest(id: string): Promise<{ setId: SetId; key: string; manifest: Manifest }> {
    const { shelf } = await this.#ready;
    const setId = parseSetId(id);
    const key = Shelf.key(setId);
    const manifest = await shelf.manifest(key);
    if (manifest) return { setId, key, manifest };
    throw new FacetError('not-found', `${id} is not kept on this device.`, {
      hint: setId.kind === 'hf' ? 'Fetch it from the hub.' : 'Choose the files it was made of.',
    });
  }
}

/** Tokens go into a header; the message never repeats one. @throws FacetError `bad-input` */
function checkToken(token: string | undefined): string | undefined {
  const trimmed = token?.trim();
  if (trimmed === undefined || /^[\x21-\x7e]{1,500}$/.test(trimmed)) return trimmed;
  throw new FacetError('bad-input', 'This is not an access token.', {
    hint: 'Copy it from the settings of the hub; it has no spaces, and begins with hf_ on Hugging Face.',
  });
}
