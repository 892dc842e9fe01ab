import { FacetError } from '../shared/errors.ts';
import { digestBlob } from './digest.ts';
import { download } from './download.ts';
import type { Hub } from './hub.ts';
import { Meter } from './meter.ts';
import type { FetchRequest, FileSet, GivenFile, LibraryProgress, ListedFile, Listing } from './protocol.ts';
import { checkPath, checkRepo, checkRevision, isCommit, type SetId, shorten } from './set-id.ts';
import { type Manifest, Shelf } from './shelf.ts';
import type { Lock, Space, Store } from './store.ts';
import { isQuotaError, storageFull } from './troubles.ts';

export interface Kept {
  store: Store;
  shelf: Shelf;
  space: Space;
  lock: Lock;
}

interface Context {
  kept: Kept;
  hub: Hub;
  look: (repo: string, revision: string) => Promise<Listing>;
  signal: AbortSignal;
  onProgress: (progress: LibraryProgress) => void;
}

const PARALLEL = 3;
const MOST_FILES = 10_000;
/** Smaller files go into the manifest together: writing it for each of thousands would take longer than they do. */
const WORTH_NOTING = 1_000_000;

/** See `LibraryApi.fetch`. */
export async function fetchSet(request: FetchRequest, context: Context): Promise<FileSet> {
  const { kept, hub, look, signal, onProgress } = context;
  const repo = checkRepo(request.repo, true);
  const revision = checkRevision(request.revision);
  const paths = checkPaths(request);
  const folder = request.folder;
  if (isCommit(revision)) {
    const set = await openKept({ kind: 'hf', repo, revision, folder }, paths, hub.endpoint, kept);
    if (set) return set;
  }
  onProgress({ phase: 'look', what: repo, done: 0, total: 0 });
  const listing = await look(repo, revision);
  const byPath = new Map(listing.files.map((file) => [file.path, file]));
  const wanted = paths.map((path) => byPath.get(path) ?? unlisted(listing, path));
  const id: SetId = { kind: 'hf', repo: listing.repo, revision: listing.revision, folder };
  const key = Shelf.key(id);
  onProgress({ phase: 'wait', what: listing.repo, done: 0, total: 0 });
  return kept.lock(key, signal, async () => {
    const shelved = await new Shelving(key, listing, context).start();
    try {
      await shelved.bring(wanted);
    } catch (thrown) {
      // Whatever is complete is kept, even when the rest failed.
      await shelved.note().catch(() => {});
      throw thrown;
    }
    await shelved.note();
    await kept.shelf.touch(key);
    return kept.shelf.fileSet(id, shelved.manifest, await kept.shelf.present(key, shelved.manifest));
  });
}

function checkPaths({ paths, folder }: FetchRequest): string[] {
  if (folder !== undefined) checkPath(folder);
  const unique = [...new Set(paths)].map(checkPath);
  if (unique.length === 0 || unique.length > MOST_FILES) {
    throw new FacetError('bad-input', `${unique.length} files were asked for.`, {
      hint: `Choose between one and ${MOST_FILES}.`,
    });
  }
  return unique;
}

/** Needs no network, when everything is here and came from the same hub. */
async function openKept(
  id: SetId,
  paths: readonly string[],
  endpoint: string,
  { shelf }: Kept,
): Promise<FileSet | undefined> {
  const key = Shelf.key(id);
  const manifest = await shelf.manifest(key).catch(() => undefined);
  if (manifest?.endpoint !== endpoint) return undefined;
  const present = await shelf.present(key, manifest);
  if (!paths.every((path) => present.has(path))) return undefined;
  await shelf.touch(key);
  return shelf.fileSet(id, manifest, present);
}

function unlisted(listing: Listing, path: string): never {
  const top = listing.files.filter((file) => !file.path.includes('/')).map((file) => file.path);
  throw new FacetError('not-found', `${listing.repo} has no file ${shorten(path)}.`, {
    hint:
      top.length > 0
        ? `Beside its folders it has: ${shorten(top.join(', '))}`
        : 'It has no files outside its folders.',
  });
}

/** Brings files of one repository into their folder; the caller holds its lock. */
class Shelving {
  manifest: Manifest;
  readonly #listed: Manifest['absent'];
  readonly #files = new Map<string, Manifest['files'][number]>();

  constructor(
    private readonly key: string,
    private readonly listing: Listing,
    private readonly context: Context,
  ) {
    this.#listed = listing.files.map(({ path, bytes }) => ({ path, bytes }));
    this.manifest = {
      version: 1,
      id: `hf:${listing.repo}@${listing.revision}`,
      title: listing.repo,
      license: listing.license,
      endpoint: context.hub.endpoint,
      files: [],
      absent: [],
    };
  }

  /** Takes over what the manifest has and the listing agrees with. */
  async start(): Promise<this> {
    const { shelf } = this.context.kept;
    const before = await shelf.manifest(this.key).catch(() => undefined);
    const present = before ? await shelf.present(this.key, before) : new Map<string, GivenFile>();
    const sameHub = before?.endpoint === this.context.hub.endpoint;
    const byPath = new Map(this.listing.files.map((file) => [file.path, file]));
    for (const file of before?.files ?? []) {
      const listed = byPath.get(file.path);
      const agrees = listed?.sha256 === undefined ? sameHub : listed.sha256 === file.sha256;
      if (listed?.bytes === file.bytes && agrees && present.has(file.path)) this.#files.set(file.path, file);
    }
    await this.note();
    return this;
  }

  /** Writes down what is complete. */
  note(): Promise<void> {
    const absent = this.#listed.filter(({ path }) => !this.#files.has(path));
    this.manifest = { ...this.manifest, files: [...this.#files.values()], absent };
    return this.context.kept.shelf.write(this.key, this.manifest);
  }

  async bring(wanted: readonly ListedFile[]): Promise<void> {
    const { signal, onProgress } = this.context;
    const total = wanted.reduce((sum, file) => sum + file.bytes, 0);
    const meter = new Meter('download', total, onProgress);
    const missing: ListedFile[] = [];
    for (const file of wanted) {
      if (this.#files.has(file.path) || (await this.#adopt(file))) meter.set(file.path, file.bytes);
      else missing.push(file);
    }
    await this.#checkSpace(missing);
    // The first failure stops the others, whose parts are kept.
    const stop = new AbortController();
    const queue = missing.toReversed();
    const either = AbortSignal.any([signal, stop.signal]);
    const worker = async (): Promise<void> => {
      for (let file = queue.pop(); file; file = queue.pop()) await this.#download(file, meter, either);
    };
    let failure: unknown;
    await Promise.all(
      Array.from({ length: PARALLEL }, () =>
        worker().catch((thrown: unknown) => {
          failure ??= thrown;
          stop.abort();
        }),
      ),
    );
    if (isQuotaError(failure)) throw await this.#full(missing);
    if (failure !== undefined) throw failure;
    meter.tell(this.listing.repo);
  }

  async #download(file: ListedFile, meter: Meter, signal: AbortSignal): Promise<void> {
    const { kept, hub } = this.context;
    const { repo, revision } = this.listing;
    const sha256 = await download({
      hub,
      url: hub.fileUrl(repo, revision, file.path),
      file,
      store: kept.store,
      folder: this.key,
      name: Shelf.fileName(file.path),
      signal,
      onBytes: (done, note) => meter.set(file.path, done, note),
    });
    this.#files.set(file.path, { path: file.path, bytes: file.bytes, sha256 });
    if (file.bytes >= WORTH_NOTING) await this.note();
  }

  /** A complete file that the manifest does not know, because the page was closed before it was written down. */
  async #adopt(file: ListedFile): Promise<boolean> {
    const { store } = this.context.kept;
    const name = Shelf.fileName(file.path);
    const blob = await store.read(this.key, name);
    if (!blob) return false;
    if (blob.size === file.bytes && (file.sha256 ?? file.oid) !== undefined) {
      const options = { signal: this.context.signal, git: file.oid !== undefined };
      const { sha256, oid } = await digestBlob(file.path, blob, options);
      if (file.sha256 === undefined ? oid === file.oid : sha256 === file.sha256) {
        this.#files.set(file.path, { path: file.path, bytes: file.bytes, sha256 });
        return true;
      }
    }
    await store.remove(this.key, name);
    return false;
  }

  async #checkSpace(missing: readonly ListedFile[]): Promise<void> {
    const { space, store } = this.context.kept;
    const { usage, quota } = await space.estimate().catch(() => ({ usage: 0, quota: 0 }));
    const needed = await this.#needed(missing);
    if (store.durable && quota > 0 && needed > quota - usage) throw await this.#full(missing, quota - usage);
  }

  async #full(missing: readonly ListedFile[], free?: number): Promise<FacetError> {
    const sets = (await this.context.kept.shelf.list()).filter((set) => set.id !== this.manifest.id);
    return storageFull(await this.#needed(missing), free, sets);
  }

  /** Bytes still to be written. */
  async #needed(missing: readonly ListedFile[]): Promise<number> {
    const files = await this.context.kept.store.files(this.key);
    const parts = new Map(files.map(({ name, bytes }) => [name, bytes]));
    return missing.reduce((sum, { path, bytes }) => {
      const name = Shelf.fileName(path);
      const here = parts.get(name) ?? Math.min(bytes, parts.get(`${name}.part`) ?? 0);
      return sum + bytes - here;
    }, 0);
  }
}
