import { createHash } from 'node:crypto';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join, relative, resolve, sep } from 'node:path';
import type { FileSet, FolderReference } from '../engine/protocol.ts';
import { modelLayout } from '../library/layouts.ts';
import { Library } from '../library/library.ts';
import type { LibraryProgress, Listing } from '../library/protocol.ts';
import { localLock } from '../library/store.ts';
import { UsageError } from './arguments.ts';
import { FsStore } from './fs-store.ts';
import type { Mounts } from './serve.ts';

/** `owner/name`, with `@revision` and `:folder` when wanted. */
const REPOSITORY = /^([\w.-]+\/[\w.-]+)(?:@([\w./-]+))?(?::(.+))?$/;
const MOST_FILES = 10_000;
/** Configurations of dictionaries are far below; what is larger is no configuration. */
const SMALL = 1_000_000;
const MOST_CONFIGS = 300;
/** Files whose digests stand for a model or a dictionary. */
const WEIGHTS = /\.(safetensors|gguf|npz)$/;

export interface HubOptions {
  endpoint?: string;
  token?: string;
  /** Where downloads are kept. Default `facet` in the user's cache folder. */
  cache?: string;
}

/**
 * Finds models and dictionaries by folder or by repository, downloads what is not here yet, and mounts the files where
 * the headless page reads them.
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
    const cache = options.cache ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'facet');
    this.#store = new FsStore(cache);
    const space = {
      estimate: () => Promise.resolve({ usage: 0, quota: 0 }),
      persisted: () => Promise.resolve(true),
    };
    this.#library = new Library(Promise.resolve({ store: this.#store, space, lock: localLock() }));
  }

  /** Whether a name is a folder here or could be a repository. */
  static knows(name: string): boolean {
    return isFolder(name) || REPOSITORY.test(name);
  }

  /**
   * All files that opening needs.
   * @param role of a repository, a model's files or one dictionary's are downloaded
   * @throws UsageError for a name that is neither folder nor repository; FacetError of the library
   */
  async find(role: 'model' | 'dictionary', name: string): Promise<FolderReference> {
    if (isFolder(name)) return this.#folder(role, name);
    const [, repo, revision, folder = ''] = REPOSITORY.exec(name) ?? [];
    if (!repo)
      throw new UsageError(
        `--${role} ${name}: there is no such folder, and it is no owner/name of a repository`,
      );
    const listing = await this.#look(repo, revision);
    const paths = listing.files.map(({ path }) => path);
    const wanted =
      role === 'model'
        ? modelFiles(listing, folder)
        : paths.filter((path) => path === folder || path.startsWith(folder === '' ? '' : `${folder}/`));
    if (wanted.length === 0)
      throw new UsageError(`--${role} ${name}: ${listing.repo} has nothing called ${folder || 'that'}`);
    const set = await this.#fetch(listing, wanted);
    return this.#mounted(role, role === 'dictionary' && folder ? `${set.id}:${folder}` : set.id, set, folder);
  }

  /** What an inspection needs: configurations; the rest is named with its size. */
  async survey(name: string): Promise<FolderReference> {
    if (isFolder(name)) return this.#folder('model', name);
    const [, repo, revision] = REPOSITORY.exec(name) ?? [];
    if (!repo)
      throw new UsageError(`${name}: there is no such folder, and it is no owner/name of a repository`);
    const listing = await this.#look(repo, revision);
    const size = new Map(listing.files.map(({ path, bytes }) => [path, bytes]));
    const configs = [...size.keys()].filter(
      (path) => /cfg\.json$|config\.json$/.test(path) && size.get(path)! < SMALL,
    );
    const model = modelLayout(listing.files).choices[0]?.files ?? [];
    const small = [...model.filter((path) => !WEIGHTS.test(path)), ...configs.slice(0, MOST_CONFIGS)];
    const set = await this.#fetch(listing, [...new Set(small)]);
    return this.#mounted('model', set.id, set);
  }

  #look(repo: string, revision?: string): Promise<Listing> {
    const { endpoint = process.env.HF_ENDPOINT, token = process.env.HF_TOKEN } = this.options;
    this.#configured ??= this.#library.configure({ endpoint, token, remember: false });
    return this.#configured.then(() => this.#library.look({ repo, revision }, ++this.#ticket));
  }

  async #fetch({ repo, revision, files }: Listing, paths: readonly string[]): Promise<FileSet> {
    if (paths.length === 0) {
      return { id: `hf:${repo}@${revision}`, title: repo, files: [], absent: files };
    }
    let said = 0;
    const onProgress = ({ phase, what, done, total }: LibraryProgress): void => {
      if (phase !== 'download' || performance.now() - said < 1000) return;
      said = performance.now();
      const share = total > 0 ? ` ${((100 * done) / total).toFixed(0)} %` : '';
      this.say(`${what}:${share} ${(done / 1e6).toFixed(1)} MB`);
    };
    return this.#library.fetch({ repo, revision, paths }, ++this.#ticket, onProgress);
  }

  #mounted(role: string, id: string, set: FileSet, folder = ''): FolderReference {
    const address = `local/${role}/`;
    // The paths of a dictionary are those from its folder on.
    const prefix =
      role === 'dictionary' && set.files.every(({ path }) => path.startsWith(`${folder}/`))
        ? `${folder}/`
        : '';
    const files = set.files.map(({ path, blob, sha256 }) => ({
      path: path.slice(prefix.length),
      bytes: blob.size,
      sha256,
      blob,
    }));
    this.mounts[`/${address}`] = new Map(files.map(({ path, blob }) => [path, this.#store.pathOf(blob)]));
    const listed = files.map(({ path, bytes, sha256 }) => ({ path, bytes, sha256 }));
    return { folder: address, id, files: listed, absent: set.absent };
  }

  async #folder(role: string, path: string): Promise<FolderReference> {
    const full = resolve(path);
    const address = `local/${role}/`;
    this.mounts[`/${address}`] = full;
    const entries = await readdir(full, { recursive: true, withFileTypes: true });
    const found = entries
      .filter((entry) => entry.isFile() || entry.isSymbolicLink())
      .map((entry) => relative(full, join(entry.parentPath, entry.name)).split(sep).join('/'))
      .filter((file) => !/(^|\/)\./.test(file));
    if (found.length > MOST_FILES)
      throw new UsageError(`${path} holds ${found.length} files; at most ${MOST_FILES} are listed`);
    const files = await Promise.all(
      found.sort().map(async (file) => {
        const { size } = await stat(join(full, file));
        return {
          path: file,
          bytes: size,
          sha256: WEIGHTS.test(file) ? await hashFile(join(full, file)) : undefined,
        };
      }),
    );
    return { folder: address, id: basename(full), files };
  }
}

function isFolder(name: string): boolean {
  return existsSync(name) && statSync(name).isDirectory();
}

function modelFiles(listing: Listing, path: string): readonly string[] {
  const { choices, missing } = modelLayout(listing.files);
  const choice = path === '' ? choices[0] : choices.find(({ files }) => files.includes(path));
  if (choice) return choice.files;
  const why = path === '' ? missing.join(' It lacks ') : `There is no ${path}.`;
  throw new UsageError(`${listing.repo} holds no model that can be opened. It lacks ${why}`);
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
