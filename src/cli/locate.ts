import { createHash } from 'node:crypto';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join, relative, resolve, sep } from 'node:path';
import { findDictionaries, type FoundDictionary } from '../dictionary/find.ts';
import type { FileSet, FolderReference } from '../engine/protocol.ts';
import { modelLayout } from '../library/layouts.ts';
import { Library } from '../library/library.ts';
import type { LibraryProgress, Listing } from '../library/protocol.ts';
import { UsageError } from './arguments.ts';
import { fileLock, FsStore } from './fs-store.ts';
import type { Mounts } from './serve.ts';

/** `owner/name`, with `@revision` and `:path` when wanted. */
const REPOSITORY = /^([\w.-]+\/[\w.-]+)(?:@([\w./-]+))?(?::(.+))?$/;
const MOST_FILES = 10_000;
/** Configurations of dictionaries are far below; what is larger is no configuration. */
const SMALL = 1_000_000;
const MOST_CONFIGS = 300;
/** Files whose digests stand for a model or a dictionary. */
const WEIGHTS = /\.(safetensors|gguf|npz)$/;
/** Folders above a dictionary that may say what it reads. */
const ABOVE = 4;

type Role = 'model' | 'dictionary';
interface Entry {
  path: string;
  bytes: number;
}

export interface HubOptions {
  endpoint?: string;
  token?: string;
  /** Where downloads are kept. Default `facet` in the user's cache folder. */
  cache?: string;
}

/**
 * Finds models and dictionaries by folder or by repository, downloads what is not here yet, and mounts the files where
 * the headless page reads them: those that are needed, and no others.
 */
export class Locator {
  readonly mounts: Mounts = {};
  readonly #store: FsStore;
  readonly #library: Library;
  #configured: Promise<unknown> | undefined;
  #ticket = 0;

  constructor(
    private readonly options: HubOptions,
    private readonly say: (line: string) => void,
  ) {
    const cache = options.cache ?? join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'facet');
    this.#store = new FsStore(cache);
    const space = {
      estimate: () => Promise.resolve({ usage: 0, quota: 0 }),
      persisted: () => Promise.resolve(true),
    };
    this.#library = new Library(Promise.resolve({ store: this.#store, space, lock: fileLock(cache) }));
  }

  /** Whether a name is a file or folder here, or could be a repository. */
  static knows(name: string): boolean {
    return existsSync(name) || REPOSITORY.test(name);
  }

  /**
   * All files that opening needs.
   * @throws UsageError for a name that is neither folder nor repository, or says too little; FacetError of the library
   */
  async find(role: Role, name: string): Promise<FolderReference> {
    if (existsSync(name)) return this.#folder(role, name, true);
    const { repo, revision, path } = this.#repository(`--${role} ${name}`, name);
    const listing = await this.#look(repo, revision);
    const { files, part } = chosenFiles(role, listing.files, path, listing.repo);
    const set = await this.#fetch(listing, files);
    const id = part === '' ? set.id : `${set.id}:${part}`;
    // The library gives all it has of a repository; another choice of weights must not take the place of this one.
    const wanted = set.files.filter((file) => files.includes(file.path));
    return this.#mounted(role, id, { ...set, files: wanted, absent: [] });
  }

  /** What an inspection needs: configurations; the rest is named with its size. */
  async survey(name: string): Promise<FolderReference> {
    if (existsSync(name)) return this.#folder('model', name, false);
    const { repo, revision, path } = this.#repository(name, name);
    const listing = await this.#look(repo, revision);
    const below =
      path === '' ? listing.files : listing.files.filter((file) => file.path.startsWith(`${path}/`));
    if (below.length === 0) throw new UsageError(`${listing.repo} has no folder ${path}`);
    const configs = below.filter((file) => /cfg\.json$|config\.json$/.test(file.path) && file.bytes < SMALL);
    const model = modelLayout(below).choices[0]?.files ?? [];
    const small = [
      ...model.filter((file) => !WEIGHTS.test(file)),
      ...configs.slice(0, MOST_CONFIGS).map((file) => file.path),
    ];
    const set = await this.#fetch(listing, [...new Set(small)]);
    const absent = set.absent?.filter((file) => below.some((other) => other.path === file.path));
    const here = set.files.filter((file) => small.includes(file.path));
    return this.#mounted('model', set.id, { ...set, files: here, absent });
  }

  #repository(what: string, name: string): { repo: string; revision?: string; path: string } {
    const [, repo, revision, path = ''] = REPOSITORY.exec(name) ?? [];
    if (repo) return { repo, revision, path };
    throw new UsageError(`${what}: there is no such folder, and it is no owner/name of a repository`);
  }

  #look(repo: string, revision?: string): Promise<Listing> {
    // Set but empty is not set, as in many build services.
    const endpoint = this.options.endpoint ?? (process.env.HF_ENDPOINT || undefined);
    const token = this.options.token ?? (process.env.HF_TOKEN || undefined);
    this.#configured ??= this.#library.configure({ endpoint, token, remember: false });
    return this.#configured.then(() => this.#library.look({ repo, revision }, ++this.#ticket));
  }

  async #fetch({ repo, revision, files }: Listing, paths: readonly string[]): Promise<FileSet> {
    if (paths.length === 0) {
      return { id: `hf:${repo}@${revision}`, title: repo, files: [], absent: files };
    }
    let said = performance.now();
    const onProgress = ({ phase, what, done, total }: LibraryProgress): void => {
      if (phase !== 'download' || performance.now() - said < 1000) return;
      said = performance.now();
      const share = total > 0 ? ` ${((100 * done) / total).toFixed(0)} %` : '';
      this.say(`${what}:${share} ${(done / 1e6).toFixed(1)} MB`);
    };
    return this.#library.fetch({ repo, revision, paths }, ++this.#ticket, onProgress);
  }

  #mounted(role: Role, id: string, set: FileSet): FolderReference {
    const folder = `local/${role}/`;
    this.mounts[`/${folder}`] = new Map(set.files.map(({ path, blob }) => [path, this.#store.pathOf(blob)]));
    const files = set.files.map(({ path, blob, sha256 }) => ({ path, bytes: blob.size, sha256 }));
    return { folder, id, files, absent: set.absent };
  }

  /** @param needed only what opening reads, with digests; else everything, without */
  async #folder(role: Role, name: string, needed: boolean): Promise<FolderReference> {
    const single = !statSync(name).isDirectory();
    const full = resolve(single ? join(name, '..') : name);
    const listing = await filesBelow(full);
    const only = single ? basename(name) : '';
    const paths = needed
      ? chosenFiles(role, listing, only, name).files
      : listing.map(({ path }) => path).filter((path) => only === '' || path === only);
    const folder = `local/${role}/`;
    this.mounts[`/${folder}`] = new Map(paths.map((path) => [path, join(full, path)]));
    const files = await Promise.all(
      listing
        .filter(({ path }) => paths.includes(path))
        .map(async ({ path, bytes }) => ({
          path,
          bytes,
          sha256: needed && WEIGHTS.test(path) ? await hashFile(join(full, path)) : undefined,
        })),
    );
    const within = full.split(sep).filter(Boolean).slice(-ABOVE).join('/');
    return { folder, id: basename(full), files, within };
  }
}

/**
 * The files of one model or dictionary.
 * @param path chooses among several: a weights file of a model, a dictionary as `inspect` names it
 * @returns part what a link calls the choice
 */
function chosenFiles(
  role: Role,
  listing: readonly Entry[],
  path: string,
  where: string,
): { files: readonly string[]; part: string } {
  if (role === 'dictionary') {
    const found = chosenDictionary(findDictionaries(listing.map((file) => file.path)), path, where);
    return { files: found.files, part: found.path };
  }
  const { choices, missing } = modelLayout(listing);
  const choice = path === '' ? choices[0] : choices.find(({ files }) => files.includes(path));
  if (choice) return { files: choice.files, part: path };
  const why =
    path === '' || choices.length === 0 ? `It lacks ${missing.join(' It lacks ')}` : `It has no ${path}.`;
  throw new UsageError(`${where} holds no model that can be opened. ${why}`);
}

function chosenDictionary(all: FoundDictionary[], path: string, where: string): FoundDictionary {
  const exact = all.filter((found) => found.path === path || found.files[0] === path);
  const below = all.filter((found) => path === '' || found.path.startsWith(`${path}/`));
  const found = exact.length === 1 ? exact : below;
  if (found.length === 1) return found[0]!;
  const names = (found.length > 0 ? found : all)
    .slice(0, 12)
    .map((each) => each.path || '(the folder itself)');
  throw new UsageError(
    all.length === 0
      ? `${where} holds no dictionary that can be read`
      : `${where} holds ${found.length} dictionaries called ${path || 'that'}; there is ${names.join(', ')}${all.length > 12 ? ' …' : ''}`,
  );
}

/** Every file below a folder; hidden ones, and what cannot be read, are left out. */
async function filesBelow(full: string): Promise<Entry[]> {
  const entries = await readdir(full, { recursive: true, withFileTypes: true });
  const found = entries
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map((entry) => relative(full, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((file) => !/(^|\/)\./.test(file));
  if (found.length > MOST_FILES)
    throw new UsageError(`${full} holds ${found.length} files; at most ${MOST_FILES} are listed`);
  const files = await Promise.all(
    found.sort().map(async (path): Promise<Entry[]> => {
      const about = await stat(join(full, path)).catch(() => undefined);
      return about?.isFile() ? [{ path, bytes: about.size }] : [];
    }),
  );
  return files.flat();
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
