import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import type { Patience } from '../library/hub.ts';
import { Library } from '../library/library.ts';
import type { FetchRequest, FileSet, LibraryProgress } from '../library/protocol.ts';
import { localLock, MemoryStore, type Space, type Store } from '../library/store.ts';
import type { FacetError } from '../shared/errors.ts';
import { TestRandom } from './random.ts';
import { type HubOptions, startHub, type TestHub } from './test-hub.ts';

export const REPO = 'tiny/model';
export const WEIGHTS = `${REPO}/model.safetensors`;
const random = new TestRandom(5);
export const weights = Uint8Array.from({ length: 300_000 }, () => random.integer(256));

/** Tries again at once. */
const PATIENCE: Patience = { stallMs: 30_000, attempts: 3, backoffMs: 1, longestWaitMs: 1000 };
const NO_SPACE_KNOWN: Space = {
  estimate: () => Promise.resolve({ usage: 0, quota: 0 }),
  persisted: () => Promise.resolve(false),
};

/** A small repository on a test hub, and libraries that ask it. */
export class LibraryFixture {
  store: Store = new MemoryStore();
  patience = PATIENCE;
  #ticket = 0;

  private constructor(
    readonly root: string,
    readonly hub: TestHub,
  ) {}

  static async start(options: Partial<HubOptions> = {}): Promise<LibraryFixture> {
    const root = mkdtempSync(join(tmpdir(), 'facet-hub-'));
    const fixture = new LibraryFixture(root, await startHub({ root, ...options }));
    fixture.put(`${REPO}/config.json`, '{"model_type":"gpt2"}');
    fixture.put(`${REPO}/empty.txt`, '');
    fixture.put(`${REPO}/folder/of many/ü.json`, '{}');
    fixture.put(`${REPO}/sae/a/cfg.json`, '{"a":1}');
    fixture.put(WEIGHTS, weights);
    return fixture;
  }

  async close(): Promise<void> {
    await this.hub.close();
    rmSync(this.root, { recursive: true });
  }

  /** A well server and an empty store. */
  reset(): void {
    this.hub.reset();
    this.store = new MemoryStore();
    this.patience = PATIENCE;
  }

  /** For servers that fall silent. Long enough for a busy machine to answer in time. */
  impatient(): void {
    this.patience = { ...PATIENCE, stallMs: 800 };
  }

  put(path: string, content: string | Uint8Array): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    writeFileSync(join(this.root, path), content);
  }

  /** As a page that has just been opened: the store is what it finds. */
  async library(space: Space = NO_SPACE_KNOWN, endpoint = this.hub.origin): Promise<Library> {
    const ground = { store: this.store, space, lock: localLock(), patience: this.patience };
    const made = new Library(Promise.resolve(ground));
    if (endpoint) await made.configure({ endpoint });
    return made;
  }

  ticket(): number {
    return ++this.#ticket;
  }

  request(paths = ['model.safetensors'], revision = this.hub.commit(REPO)): FetchRequest {
    return { repo: REPO, revision, paths };
  }

  fetch(library: Library, request = this.request(), told: LibraryProgress[] = []): Promise<FileSet> {
    return library.fetch(request, this.ticket(), (progress) => told.push(progress));
  }

  /** Ranges that were asked of the other server. */
  ranges(): (string | undefined)[] {
    return this.hub.log.filter(({ server }) => server === 'cdn').map(({ range }) => range);
  }

  /** Key of the only set in the store. */
  async key(): Promise<string> {
    const [key] = (await this.store.folders()).filter((name) => /^[0-9a-f]{32}$/.test(name));
    return key!;
  }

  /** How many files of the only set could be taken for whole. */
  async settled(): Promise<number> {
    const files = await this.store.files(await this.key());
    return files.filter(({ name }) => !name.includes('.')).length;
  }
}

export async function expectWeights(set: FileSet): Promise<void> {
  expect(await sameWeights(set)).toBe(true);
}

export async function sameWeights(set: FileSet): Promise<boolean> {
  const file = set.files.find(({ path }) => path === 'model.safetensors');
  if (!file) return false;
  return Buffer.from(weights).equals(Buffer.from(await file.blob.arrayBuffer()));
}

/** What a call fails with; every failure but cancelling says what to do. */
export async function failure(call: Promise<unknown>): Promise<FacetError> {
  const thrown = await call.then(
    () => new Error('did not fail'),
    (error: unknown) => error as FacetError,
  );
  expect(thrown.name, String(thrown)).toBe('FacetError');
  const error = thrown as FacetError;
  if (error.code !== 'cancelled') expect(error.hint, error.message).toBeTruthy();
  return error;
}
