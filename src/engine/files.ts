import { type CatalogueFile } from '../library/catalogue.ts';
import { fetchFile, sha256Hex } from '../library/fetch-file.ts';
import { inBlob, inMemory, type RandomAccess } from '../library/random-access.ts';
import { FacetError } from '../shared/errors.ts';
import type { FileSet, FolderReference, Progress } from './protocol.ts';

/** The files of a model or of dictionaries, wherever they are: the same questions for every place. */
export interface Files {
  /** What links call it. */
  readonly id: string;
  readonly title: string;
  readonly license?: string;
  /** What comes before these paths in the whole repository; '' or ending in `/`. */
  readonly within: string;
  /** Everything there is, files that are known but not here included. */
  readonly listing: readonly { path: string; bytes: number }[];
  /** Whether `open` can give it. */
  has(path: string): boolean;
  /** @throws FacetError `not-found`, `network`, `bad-file`, `cancelled` */
  open(path: string): Promise<RandomAccess>;
  /** SHA-256 in hex digits. */
  digest(path: string): Promise<string>;
  /** Bytes that came over the network so far. */
  readonly bytesFetched: number;
}

export interface FetchContext {
  site: URL;
  signal: AbortSignal;
  onProgress: (progress: Progress) => void;
}

/** Largest file that is hashed here; whoever brings a larger one says its digest. */
const MOST_HASHED = 2 ** 30;
/** Configurations and tokenizers; the largest known tokenizer has 33 MB. */
const MOST_TEXT = 100_000_000;

/** A small file as text. @throws FacetError `bad-file`, and as `Files.open` */
export async function readText(files: Files, path: string): Promise<string> {
  const access = await files.open(path);
  if (access.size > MOST_TEXT)
    throw new FacetError('bad-file', `${path} has ${access.size} bytes; at most ${MOST_TEXT} are read.`);
  return new TextDecoder().decode(await access.read(0, access.size));
}

/** A small file as parsed JSON. @throws FacetError `bad-file`, and as `Files.open` */
export async function readJson(files: Files, path: string): Promise<unknown> {
  const text = await readText(files, path);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FacetError('bad-file', `${path} is not JSON.`, { hint: 'Download the file again.', cause });
  }
}

/** @returns undefined when there is no such file */
export function readOptionalJson(files: Files, path: string): Promise<unknown> {
  return files.has(path) ? readJson(files, path) : Promise.resolve(undefined);
}

/** A folder of the catalogue: fetched whole, checked against its digest. */
export function catalogueFiles(
  about: { id: string; title: string; license?: string; base: string; files: readonly CatalogueFile[] },
  { site, signal, onProgress }: FetchContext,
): Files {
  const base = new URL(`${about.base}/`, site);
  const known = new Map(about.files.map((file) => [file.path, file]));
  const opened = new Map<string, Promise<RandomAccess>>();
  const received = new Map<string, number>();
  const total = about.files.reduce((sum, { bytes }) => sum + bytes, 0);
  const sum = (): number => [...received.values()].reduce((all, bytes) => all + bytes, 0);
  const load = async ({ path, bytes, sha256 }: CatalogueFile): Promise<RandomAccess> => {
    const onBytes = (done: number): void => {
      received.set(path, done);
      onProgress({ phase: 'download', what: path, done: sum(), total, unit: 'bytes' });
    };
    return inMemory(
      await fetchFile(new URL(path, base), { expectedBytes: bytes, sha256, signal, onProgress: onBytes }),
    );
  };
  return {
    id: about.id,
    title: about.title,
    license: about.license,
    within: '',
    listing: about.files,
    has: (path) => known.has(path),
    open(path) {
      const file = known.get(path);
      if (!file) return Promise.reject(new FacetError('not-found', `The catalogue lists no file ${path}.`));
      const opening = opened.get(path) ?? load(file);
      opened.set(path, opening);
      return opening;
    },
    digest: (path) => Promise.resolve(known.get(path)?.sha256 ?? ''),
    get bytesFetched() {
      return sum();
    },
  };
}

/**
 * A folder on the page's own site, read by Range requests.
 * @throws FacetError `bad-input` for any other origin: nothing else is fetched without a visitor's choice
 */
export function folderFiles(folder: FolderReference, { site, signal, onProgress }: FetchContext): Files {
  const base = new URL(folder.folder.endsWith('/') ? folder.folder : `${folder.folder}/`, site);
  if (base.origin !== site.origin)
    throw new FacetError('bad-input', 'Only folders of this site can be opened.');
  const known = new Map(folder.files.map((file) => [file.path, file]));
  let bytesFetched = 0;
  const open = (path: string): Promise<RandomAccess> => {
    const file = known.get(path);
    if (!file) return Promise.reject(new FacetError('not-found', `The file ${path} is missing.`));
    const url = new URL(path.split('/').map(encodeURIComponent).join('/'), base);
    return Promise.resolve({
      size: file.bytes,
      async read(from, to) {
        if (from === to) return new Uint8Array();
        const bytes = await fetchRange(url, path, from, to, signal);
        bytesFetched += bytes.length;
        onProgress({ phase: 'download', what: path, done: bytesFetched, total: 0, unit: 'bytes' });
        return bytes;
      },
    });
  };
  return {
    id: folder.id,
    title: folder.id,
    within: folder.within ? `${folder.within}/` : '',
    listing: [...folder.files, ...(folder.absent ?? [])],
    has: (path) => known.has(path),
    open,
    digest: async (path) => known.get(path)?.sha256 ?? hashed(path, await open(path)),
    get bytesFetched() {
      return bytesFetched;
    },
  };
}

async function fetchRange(
  url: URL,
  name: string,
  from: number,
  to: number,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  let response: Response;
  try {
    const headers = { range: `bytes=${from}-${to - 1}` };
    response = await fetch(url, { headers, signal, credentials: 'omit', redirect: 'error' });
    if (response.status !== 206) throw new Error(`the server answered ${response.status}`);
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (bytes.length !== to - from) throw new Error(`${bytes.length} bytes came instead of ${to - from}`);
    return bytes;
  } catch (cause) {
    if (signal.aborted) throw new FacetError('cancelled', 'Cancelled.', { cause });
    throw new FacetError('network', `${name} could not be read.`, {
      hint: 'Try again.',
      detail: String(cause),
      cause,
    });
  }
}

/**
 * A set that is a folder of another has paths from there on; its id says which folder. One that is a single file of it
 * keeps its paths.
 */
function withinOf({ id, files, absent = [] }: FileSet): string {
  const path = /^(?:hf|local):[^:]+:(.*)$/.exec(id)?.[1] ?? '';
  const named = (other: string): boolean =>
    other === path || (other.startsWith(path) && /[/._]/.test(other[path.length]!));
  return path === '' || [...files, ...absent].some((file) => named(file.path)) ? '' : `${path}/`;
}

/** Files the visitor gave, or the library keeps. Nothing is fetched. */
export function givenFiles(set: FileSet): Files {
  const known = new Map(set.files.map((file) => [file.path, file]));
  const open = (path: string): Promise<RandomAccess> => {
    const file = known.get(path);
    if (file) return Promise.resolve(inBlob(path, file.blob));
    const absent = set.absent?.some((other) => other.path === path);
    return Promise.reject(
      new FacetError(
        'not-found',
        absent ? `${path} has not been downloaded yet.` : `There is no file ${path}.`,
      ),
    );
  };
  return {
    id: set.id,
    title: set.title,
    license: set.license,
    within: withinOf(set),
    listing: [...set.files.map(({ path, blob }) => ({ path, bytes: blob.size })), ...(set.absent ?? [])],
    has: (path) => known.has(path),
    open,
    digest: async (path) => known.get(path)?.sha256 ?? hashed(path, await open(path)),
    bytesFetched: 0,
  };
}

async function hashed(name: string, access: RandomAccess): Promise<string> {
  if (access.size > MOST_HASHED) throw new FacetError('bug', `${name} came without a digest`);
  return sha256Hex(await access.read(0, access.size));
}

/** One digest for several files: that of a single one, or the SHA-256 over all of them in order. */
export async function digestOf(files: Files, paths: readonly string[]): Promise<string> {
  const digests = await Promise.all(paths.map((path) => files.digest(path)));
  if (digests.length === 1) return digests[0]!;
  return sha256Hex(new TextEncoder().encode(digests.join('\n')));
}
