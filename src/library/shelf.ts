import * as v from 'valibot';
import { FacetError } from '../shared/errors.ts';
import { sha256Text } from './digest.ts';
import type { FileSet, GivenFile, StoredSet } from './protocol.ts';
import { formatSetId, isPlainPath, parseSetId, type SetId } from './set-id.ts';
import type { Store } from './store.ts';

const MANIFEST = 'manifest.json';
/** Beside the manifest, which only the holder of the set's lock may write. */
const LAST_USE = 'last-use';
const MANIFEST_LIMIT = 20_000_000;
const SET_KEY = /^[0-9a-f]{32}$/;

const text = v.pipe(v.string(), v.maxLength(1000));
const path = v.pipe(text, v.check(isPlainPath));
const bytes = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const manifestSchema = v.object({
  version: v.literal(1),
  id: text,
  title: text,
  license: v.optional(text),
  endpoint: v.optional(text),
  /** Complete and checked when they were written. */
  files: v.array(v.object({ path, bytes, sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)) })),
  /** What else the repository lists. */
  absent: v.array(v.object({ path, bytes })),
});
export type Manifest = v.InferOutput<typeof manifestSchema>;

/** Sets of files in a store, each a folder with a manifest; files are named after digests of their paths. */
export class Shelf {
  constructor(private readonly store: Store) {}

  /** Folder of a set, whichever part of it the id names. */
  static key(id: SetId): string {
    const whole: SetId = id.kind === 'hf' ? { ...id, folder: undefined } : id;
    return sha256Text(formatSetId(whole)).slice(0, 32);
  }

  static fileName(filePath: string): string {
    return sha256Text(filePath).slice(0, 32);
  }

  /** @throws FacetError `bad-file` when there is one that cannot be read */
  async manifest(key: string): Promise<Manifest | undefined> {
    const blob = await this.store.read(key, MANIFEST);
    if (!blob) return undefined;
    if (blob.size <= MANIFEST_LIMIT) {
      const manifest = parseManifest(await blob.text());
      if (manifest && Shelf.key(parseSetId(manifest.id)) === key) return manifest;
    }
    throw new FacetError('bad-file', 'The list of files of a kept set is damaged.', {
      hint: 'Remove the set and fetch it again.',
    });
  }

  write(key: string, manifest: Manifest): Promise<void> {
    return this.store.write(key, MANIFEST, JSON.stringify(manifest));
  }

  /** Notes that a set was used now. Only sorts the list, so failing is no trouble. */
  touch(key: string): Promise<void> {
    return this.store.write(key, LAST_USE, String(Date.now())).catch(() => {});
  }

  async #lastUse(key: string): Promise<number> {
    const blob = await this.store.read(key, LAST_USE);
    const time = blob && blob.size < 20 ? Number(await blob.text()) : 0;
    return Number.isSafeInteger(time) ? time : 0;
  }

  /** Complete files of a manifest that are still there in full, by path. */
  async present(key: string, manifest: Manifest): Promise<Map<string, GivenFile>> {
    const found = await Promise.all(
      manifest.files.map(async ({ path: filePath, bytes: size, sha256 }): Promise<GivenFile[]> => {
        const blob = await this.store.read(key, Shelf.fileName(filePath));
        return blob?.size === size ? [{ path: filePath, blob, sha256 }] : [];
      }),
    );
    return new Map(found.flat().map((file) => [file.path, file]));
  }

  /** Never fails because of one set. */
  async list(): Promise<StoredSet[]> {
    const keys = (await this.store.folders()).filter((name) => SET_KEY.test(name));
    const sets = await Promise.all(keys.map((key) => this.#describe(key)));
    return sets.filter((set) => set !== undefined).sort((a, b) => b.lastUsed - a.lastUsed);
  }

  async #describe(key: string): Promise<StoredSet | undefined> {
    const files = await this.store.files(key).catch(() => []);
    const size = new Map(files.map((file) => [file.name, file.bytes]));
    const sum = (wanted: (name: string) => boolean): number =>
      files.reduce((total, file) => total + (wanted(file.name) ? file.bytes : 0), 0);
    const space = {
      bytes: sum(() => true),
      partialBytes: sum((name) => name.endsWith('.part')),
      durable: this.store.durable,
    };
    try {
      const manifest = await this.manifest(key);
      // A folder that another tab has just removed.
      if (!manifest && files.every(({ name }) => name === LAST_USE)) return undefined;
      if (!manifest) throw new FacetError('bad-file', 'The list of its files is missing.');
      const whole = manifest.files.filter((file) => size.get(Shelf.fileName(file.path)) === file.bytes);
      const lost = manifest.files.length - whole.length;
      return {
        ...space,
        id: manifest.id,
        title: manifest.title,
        license: manifest.license,
        endpoint: manifest.endpoint,
        files: whole.map((file) => ({ path: file.path, bytes: file.bytes })),
        lastUsed: await this.#lastUse(key),
        problem: lost > 0 ? `${lost} of its files are gone or cut short; fetch it again.` : undefined,
      };
    } catch (thrown) {
      return {
        ...space,
        id: `damaged:${key}`,
        title: 'Damaged set',
        files: [],
        lastUsed: 0,
        problem: `${FacetError.from(thrown).message} Remove it and fetch it again.`,
      };
    }
  }

  /** Deletes a set, by its id or by the one `list` gives to a damaged one. */
  async remove(key: string): Promise<void> {
    await this.store.remove(key);
  }

  /** What is there, or the part of it below the folder that `id` names. */
  fileSet(id: SetId, manifest: Manifest, present: ReadonlyMap<string, GivenFile>): FileSet {
    const prefix = id.kind === 'hf' && id.folder ? `${id.folder}/` : '';
    const below = <Entry extends { path: string }>(entries: Iterable<Entry>): Entry[] =>
      [...entries]
        .filter((entry) => entry.path.startsWith(prefix))
        .sort((a, b) => (a.path < b.path ? -1 : 1))
        .map((entry) => ({ ...entry, path: entry.path.slice(prefix.length) }));
    const lost = manifest.files.filter((file) => !present.has(file.path));
    return {
      id: formatSetId(id),
      title: prefix ? `${manifest.title}, ${prefix.slice(0, -1)}` : manifest.title,
      license: manifest.license,
      files: below(present.values()),
      absent: below([...manifest.absent, ...lost].map((file) => ({ path: file.path, bytes: file.bytes }))),
    };
  }
}

/** Key in the id that `list` gives to a set without a readable manifest. */
export function damagedKey(id: string): string | undefined {
  const key = id.startsWith('damaged:') ? id.slice('damaged:'.length) : '';
  return SET_KEY.test(key) ? key : undefined;
}

function parseManifest(json: string): Manifest | undefined {
  try {
    const parsed = v.safeParse(manifestSchema, JSON.parse(json));
    if (!parsed.success) return undefined;
    parseSetId(parsed.output.id);
    return parsed.output;
  } catch {
    return undefined;
  }
}
