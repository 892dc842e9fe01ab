import { bytesToHex } from '@noble/hashes/utils.js';
import type { Lock, Space, Store } from '../library/store.ts';
import { FacetError } from '../shared/errors.ts';
import type { Corpus, CorpusFiles, CorpusItem, CorpusManifest, CorpusReference } from './corpus.ts';
import { ENCODINGS } from './encoding.ts';
import { ItemMaker } from './items.ts';
import { cut, JUDGED_ROWS, NAME_UNITS, PREVIEW_ITEMS, SKIPPED_LISTED } from './limits.ts';
import { parseManifest } from './manifest.ts';
import { openCorpus } from './open.ts';
import { planOf } from './plan.ts';
import type {
  AddedCorpus,
  CorpusApi,
  CorpusPreview,
  CorpusProgress,
  CorpusStorage,
  ReadRequest,
} from './protocol.ts';
import { addCorpus } from './add.ts';
import { Source } from './source.ts';
import { FILES } from './writer.ts';

/** What corpora stand on; in a browser OPFS, Web Locks and the storage manager. */
export interface Ground {
  store: Store;
  space: Space;
  lock: Lock;
}

const FOLDER = /^[0-9a-f]{32}$/;
/** Held by whoever adds or cleans up: what has no manifest yet may be on its way. */
const ADDING = 'corpora';
const forever = new AbortController().signal;

/** See `CorpusApi` for what each call does. */
export class Corpora implements CorpusApi {
  readonly #ready: Promise<Ground>;
  readonly #open = new Map<number, AbortController>();
  /** What was looked into last. */
  #atHand?: { name: string; corpus: Promise<Corpus> };

  constructor(ground: Promise<Ground>) {
    this.#ready = ground;
    // What a closed page left half is removed in the background; that it fails is no matter.
    void ground.then(({ lock }) => lock(ADDING, forever, () => this.#cleanUp())).catch(() => {});
  }

  preview(request: ReadRequest, ticket: number): Promise<CorpusPreview> {
    return this.#run(ticket, async (_, signal) => {
      const { format, formats, encoding, settings, rows, fields, field, notes } = await planOf(
        request,
        signal,
      );
      const notesOf = new Source(request.name, new Blob(), signal);
      const maker = new ItemMaker(field, notesOf);
      const preview: CorpusPreview = {
        format: format.id,
        formats: formats.map(({ id, title }) => ({ id, title })),
        encoding,
        encodings:
          format.isText && typeof request.source !== 'string' ? [...new Set([encoding, ...ENCODINGS])] : [],
        fields,
        field,
        header: settings.header,
        delimiter: settings.delimiter,
        items: [],
        metadata: maker.metadata,
        skipped: [],
        notes,
      };
      for (const row of rows) {
        const made = maker.make(row);
        if ('why' in made) preview.skipped.push({ line: row.line, why: made.why });
        else if (preview.items.length < PREVIEW_ITEMS) preview.items.push(made);
      }
      preview.skipped = preview.skipped.slice(0, SKIPPED_LISTED);
      preview.notes = [...new Set([...notes, ...notesOf.notes])];
      if (rows.length >= JUDGED_ROWS)
        preview.notes.push(`Only the first ${JUDGED_ROWS} rows were looked at.`);
      return preview;
    });
  }

  add(
    request: ReadRequest,
    ticket: number,
    onProgress: (progress: CorpusProgress) => void,
  ): Promise<AddedCorpus> {
    return this.#run(ticket, (ground, signal) =>
      ground.lock(ADDING, signal, async () => {
        const folder = bytesToHex(crypto.getRandomValues(new Uint8Array(16)));
        try {
          return await addCorpus(request, { ...ground, folder, signal, onProgress, kept: () => this.list() });
        } catch (thrown) {
          // Half a corpus is of no use.
          await ground.store.remove(folder).catch(() => {});
          throw thrown;
        }
      }),
    );
  }

  async list(): Promise<CorpusManifest[]> {
    const kept = await this.#all();
    return kept.map(({ manifest }) => manifest).sort((a, b) => b.added - a.added);
  }

  async open(digest: string): Promise<CorpusFiles> {
    const { store } = await this.#ready;
    const { folder, manifest } = await this.#find(digest);
    const [texts, index, metadata] = await Promise.all(
      [FILES.texts, FILES.index, FILES.metadata].map((name) => store.read(folder, name)),
    );
    if (texts && index && metadata) return { manifest, texts, index, metadata };
    throw new FacetError('bad-file', `Files of ${manifest.name} are gone from this device.`, {
      hint: 'Remove it, and add its file again.',
    });
  }

  async read(name: string, first: number, count: number): Promise<CorpusItem[]> {
    if (this.#atHand?.name !== name) {
      const reference = await this.#reference(name);
      this.#atHand = { name, corpus: openCorpus(reference) };
    }
    return (await this.#atHand.corpus).read(first, count);
  }

  async rename(digest: string, name: string): Promise<CorpusManifest> {
    const { store, lock } = await this.#ready;
    const wanted = cut(name.trim().toWellFormed(), NAME_UNITS);
    if (wanted === '') throw new FacetError('bad-input', 'A name is needed.', { hint: 'Type one.' });
    return lock(`corpus:${digest}`, forever, async () => {
      const { folder, manifest } = await this.#find(digest);
      const renamed = { ...manifest, name: wanted };
      await store.write(folder, FILES.manifest, JSON.stringify(renamed));
      return renamed;
    });
  }

  async remove(digest: string): Promise<void> {
    const { store, lock } = await this.#ready;
    this.#atHand = undefined;
    await lock(`corpus:${digest}`, forever, async () => {
      for (const { folder, manifest } of await this.#all()) {
        if (manifest.digest !== digest) continue;
        // Without its manifest it is gone, whatever happens to the rest.
        await store.remove(folder, FILES.manifest);
        await store.remove(folder);
      }
    });
  }

  async storage(): Promise<CorpusStorage> {
    const { store, space } = await this.#ready;
    const [{ usage, quota }, persisted, folders] = await Promise.all([
      space.estimate().catch(() => ({ usage: 0, quota: 0 })),
      space.persisted().catch(() => false),
      store.folders(),
    ]);
    const files = await Promise.all(folders.map((folder) => store.files(folder)));
    const usedBytes = files.flat().reduce((sum, { bytes }) => sum + bytes, 0);
    return { usedBytes, freeBytes: Math.max(0, quota - usage), durable: store.durable, persisted };
  }

  cancel(ticket: number): Promise<void> {
    this.#open.get(ticket)?.abort();
    return Promise.resolve();
  }

  async #reference(name: string): Promise<CorpusReference> {
    const [, seed, items] = /^storyworld-(\d{1,10})-(\d{1,7})$/.exec(name) ?? [];
    if (seed !== undefined) return { kind: 'storyworld', seed: Number(seed), items: Number(items) };
    return { kind: 'own', files: await this.open(name.replace(/^own-/, '')) };
  }

  async #run<Result>(
    ticket: number,
    work: (ground: Ground, signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    const controller = new AbortController();
    this.#open.set(ticket, controller);
    try {
      return await work(await this.#ready, controller.signal);
    } finally {
      this.#open.delete(ticket);
    }
  }

  async #all(): Promise<{ folder: string; manifest: CorpusManifest }[]> {
    const { store } = await this.#ready;
    const folders = (await store.folders()).filter((name) => FOLDER.test(name));
    const all = await Promise.all(
      folders.map(async (folder) => ({
        folder,
        manifest: await readManifest(store, folder).catch(() => undefined),
      })),
    );
    return all.flatMap(({ folder, manifest }) => (manifest ? { folder, manifest } : []));
  }

  async #find(digest: string): Promise<{ folder: string; manifest: CorpusManifest }> {
    const found = (await this.#all()).find(({ manifest }) => manifest.digest === digest);
    if (found) return found;
    throw new FacetError('not-found', 'These texts are not kept on this device.', {
      hint: 'Add their file again.',
    });
  }

  async #cleanUp(): Promise<void> {
    const { store } = await this.#ready;
    for (const folder of await store.folders())
      if (FOLDER.test(folder) && !(await store.read(folder, FILES.manifest))) await store.remove(folder);
  }
}

const MANIFEST_BYTES = 4_000_000;

async function readManifest(store: Store, folder: string): Promise<CorpusManifest | undefined> {
  const blob = await store.read(folder, FILES.manifest);
  if (!blob || blob.size > MANIFEST_BYTES) return undefined;
  return parseManifest(JSON.parse(await blob.text()));
}
