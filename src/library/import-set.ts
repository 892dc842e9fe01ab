import { FacetError } from '../shared/errors.ts';
import { digestBlob, sha256Text } from './digest.ts';
import type { Kept } from './fetch-set.ts';
import { isJunk } from './junk.ts';
import { Meter } from './meter.ts';
import type { FileSet, ImportRequest, LibraryProgress } from './protocol.ts';
import { formatSetId, isPlainPath, type SetId, shorten } from './set-id.ts';
import { type Manifest, Shelf } from './shelf.ts';
import { isQuotaError, storageFull } from './troubles.ts';

interface Context {
  kept: Kept;
  signal: AbortSignal;
  onProgress: (progress: LibraryProgress) => void;
}

interface Hashed {
  path: string;
  blob: Blob;
  sha256: string;
}

export const MOST_FILES = 10_000;

/** See `LibraryApi.importFiles`. The id depends on paths, sizes and contents only. */
export async function importSet(request: ImportRequest, context: Context): Promise<FileSet> {
  const { signal, onProgress, kept } = context;
  const chosen = choose(request);
  const total = chosen.reduce((sum, { file }) => sum + file.size, 0);
  const meter = new Meter('hash', total, onProgress);
  const hashed: Hashed[] = [];
  for (const { path, file } of chosen) {
    const onDone = (done: number): void => meter.set(path, done);
    hashed.push({ path, blob: file, sha256: (await digestBlob(path, file, { signal, onDone })).sha256 });
  }
  meter.tell(chosen[0]!.path);
  const lines = hashed.map(({ path, blob, sha256 }) => `${path}\0${blob.size}\0${sha256}\n`);
  const id: SetId = { kind: 'local', digest: sha256Text(lines.join('')).slice(0, 16) };
  const title = shorten(request.title ?? defaultTitle(chosen.map(({ path }) => path)));
  if (!request.keep) return { id: formatSetId(id), title, files: hashed };
  const key = Shelf.key(id);
  return kept.lock(key, signal, async () => {
    const manifest: Manifest = {
      version: 1,
      id: formatSetId(id),
      title,
      files: hashed.map(({ path, blob, sha256 }) => ({ path, bytes: blob.size, sha256 })),
      absent: [],
    };
    await copy(hashed, key, manifest, context);
    return kept.shelf.fileSet(id, manifest, await kept.shelf.present(key, manifest));
  });
}

function choose({ files }: ImportRequest): ImportRequest['files'] {
  const chosen = files.filter(({ path }) => !isJunk(path));
  if (chosen.length === 0) {
    throw new FacetError('bad-input', 'There are no files in what was chosen.', {
      hint: 'Choose the folder that holds config.json and the weights, or the files themselves.',
    });
  }
  if (chosen.length > MOST_FILES) {
    throw new FacetError('bad-input', `${chosen.length} files were chosen; at most ${MOST_FILES} are read.`, {
      hint: 'Choose only the folder of the model or dictionary.',
    });
  }
  const paths = new Set<string>();
  for (const { path } of chosen) {
    if (!isPlainPath(path) || paths.has(path)) {
      const why = paths.has(path) ? 'was chosen twice' : 'has a path that cannot be kept';
      throw new FacetError('bad-input', `“${shorten(path)}” ${why}.`, {
        hint: 'Choose one folder at a time.',
      });
    }
    paths.add(path);
  }
  return [...chosen].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function defaultTitle([first = '', ...others]: readonly string[]): string {
  return others.length === 0 ? first : `${first} and ${others.length} more`;
}

async function copy(
  files: readonly Hashed[],
  key: string,
  manifest: Manifest,
  context: Context,
): Promise<void> {
  const { store, shelf, space } = context.kept;
  const before = await shelf.manifest(key).catch(() => undefined);
  const present = before ? await shelf.present(key, before) : new Map<string, unknown>();
  const missing = files.filter(({ path }) => !present.has(path));
  const needed = missing.reduce((sum, { blob }) => sum + blob.size, 0);
  const meter = new Meter('copy', needed, context.onProgress);
  const { usage, quota } = await space.estimate().catch(() => ({ usage: 0, quota: 0 }));
  if (store.durable && quota > 0 && needed > quota - usage)
    throw storageFull(needed, quota - usage, await shelf.list());
  try {
    for (const file of missing) {
      const name = Shelf.fileName(file.path);
      const out = await store.append(key, `${name}.part`, 0);
      let copied: string;
      try {
        const onPart = (bytes: Uint8Array<ArrayBuffer>) => out.write(bytes);
        const onDone = (done: number): void => meter.set(file.path, done);
        const options = { signal: context.signal, onPart, onDone };
        copied = (await digestBlob(file.path, file.blob, options)).sha256;
      } finally {
        await out.close();
      }
      if (copied !== file.sha256) {
        throw new FacetError('bad-file', `${file.path} was changed while it was read.`, {
          hint: 'Choose it again when nothing writes to it any more.',
        });
      }
      await store.rename(key, `${name}.part`, name);
    }
    await shelf.write(key, manifest);
    await shelf.touch(key);
  } catch (thrown) {
    // Half a set is of no use; one that was there before still is.
    if (!before) await store.remove(key);
    throw isQuotaError(thrown) ? storageFull(needed, undefined, await shelf.list()) : thrown;
  }
}
