import { createStore, promisifyRequest } from 'idb-keyval';
import type { Explanations } from '../exchange/explanation.ts';
import type { ImportedFeature } from '../exchange/neuronpedia-read.ts';
import { type FeatureNote, isEmpty, newestOf } from '../exchange/note.ts';
import type { DictionaryNotes } from '../exchange/notes-file.ts';
import { FacetError } from '../shared/errors.ts';

/** A dictionary under a model: digests say which, names are for people. */
export type NotesOf = Pick<DictionaryNotes, 'model' | 'modelDigest' | 'dictionary' | 'dictionaryDigest'>;

export interface Shelved {
  notes: Record<number, FeatureNote>;
  explanations: Explanations;
  features: Record<number, ImportedFeature>;
}

type Key = (string | number)[];

/** Rows by key; a change of one is a transaction. */
interface Rows {
  readonly lasting: boolean;
  get<Value>(key: Key): Promise<Value | undefined>;
  update<Value>(key: Key, change: (before: Value | undefined) => Value): Promise<Value>;
  remove(key: Key): Promise<void>;
  /** Rows whose key begins so, in order. */
  below<Value>(prefix: Key): Promise<[Key, Value][]>;
}

/** What visitors and imports say of features, kept by this browser, or by this page where the browser keeps nothing. */
export class NotesShelf {
  readonly #named = new Set<string>();

  constructor(private readonly rows: Rows) {}

  /** False: what is written is gone with the page. */
  get lasting(): boolean {
    return this.rows.lasting;
  }

  async load(of: NotesOf): Promise<Shelved> {
    const [notes, explanations, features] = await Promise.all([
      this.rows.below<FeatureNote>(keyOf('note', of)),
      this.rows.get<Explanations>(keyOf('explanations', of)),
      this.rows.below<ImportedFeature>(keyOf('feature', of)),
    ]);
    return { notes: byFeature(notes), explanations: explanations ?? {}, features: byFeature(features) };
  }

  /** @returns the newest of what was there and this, which is now there */
  async keepNote(of: NotesOf, feature: number, note: FeatureNote): Promise<FeatureNote> {
    await this.#name(of);
    return this.rows.update<FeatureNote>([...keyOf('note', of), feature], (before) =>
      before ? newestOf(before, note) : note,
    );
  }

  async changeExplanations(
    of: NotesOf,
    change: (before: Explanations) => Explanations,
  ): Promise<Explanations> {
    await this.#name(of);
    return this.rows.update<Explanations>(keyOf('explanations', of), (before) => change(before ?? {}));
  }

  async keepFeature(of: NotesOf, feature: number, found: ImportedFeature): Promise<void> {
    await this.#name(of);
    await this.rows.update<ImportedFeature>([...keyOf('feature', of), feature], () => found);
  }

  async dropFeature(of: NotesOf, feature: number): Promise<void> {
    await this.rows.remove([...keyOf('feature', of), feature]);
  }

  /** Everything written and imported as text, of every dictionary. */
  async all(): Promise<DictionaryNotes[]> {
    const names = await this.rows.below<NotesOf>(['of']);
    const found = await Promise.all(
      names.map(async ([, of]) => {
        const { notes, explanations } = await this.load(of);
        return {
          model: of.model,
          modelDigest: of.modelDigest,
          dictionary: of.dictionary,
          dictionaryDigest: of.dictionaryDigest,
          notes: Object.entries(notes)
            .filter(([, note]) => !isEmpty(note))
            .map(([feature, note]) => ({ feature: Number(feature), ...note })),
          explanations: Object.entries(explanations).flatMap(([feature, all]) =>
            all.map((explanation) => ({ feature: Number(feature), ...explanation })),
          ),
        };
      }),
    );
    return found.filter(({ notes, explanations }) => notes.length + explanations.length > 0);
  }

  /** Keeps what a dictionary is called, once a page. */
  async #name({ model, modelDigest, dictionary, dictionaryDigest }: NotesOf): Promise<void> {
    const of = { model, modelDigest, dictionary, dictionaryDigest };
    const key = keyOf('of', of);
    if (this.#named.has(key.join())) return;
    await this.rows.update<NotesOf>(key, () => of);
    this.#named.add(key.join());
  }
}

const keyOf = (kind: string, { modelDigest, dictionaryDigest }: NotesOf): Key => [
  kind,
  modelDigest,
  dictionaryDigest,
];

const byFeature = <Value>(rows: readonly [Key, Value][]): Record<number, Value> =>
  Object.fromEntries(rows.map(([key, value]) => [Number(key.at(-1)), value]));

/** For browsers that keep nothing: private windows of some, frames of other sites in others. */
export function memoryRows(): Rows {
  const rows = new Map<string, unknown>();
  return {
    lasting: false,
    get: <Value>(key: Key) => Promise.resolve(rows.get(JSON.stringify(key)) as Value | undefined),
    update<Value>(key: Key, change: (before: Value | undefined) => Value) {
      const name = JSON.stringify(key);
      const after = change(rows.get(name) as Value | undefined);
      rows.set(name, after);
      return Promise.resolve(after);
    },
    remove(key: Key) {
      rows.delete(JSON.stringify(key));
      return Promise.resolve();
    },
    below<Value>(prefix: Key) {
      const start = JSON.stringify(prefix).slice(0, -1);
      const found = [...rows]
        .filter(([name]) => name.startsWith(`${start},`))
        .map(([name, value]) => [JSON.parse(name) as Key, value as Value] as [Key, Value]);
      return Promise.resolve(found);
    },
  };
}

async function storedRows(): Promise<Rows> {
  const store = createStore('facet-notes', 'rows');
  // The first use opens the database, and fails where the browser has none for this page.
  await store('readonly', (rows) => promisifyRequest(rows.count()));
  return {
    lasting: true,
    get: <Value>(key: Key) =>
      store('readonly', (rows) => promisifyRequest(rows.get(key) as IDBRequest<Value | undefined>)),
    update: <Value>(key: Key, change: (before: Value | undefined) => Value) =>
      store('readwrite', (rows) => changeRow(rows, key, change)),
    remove: (key: Key) => store('readwrite', (rows) => promisifyRequest(rows.delete(key))),
    below: <Value>(prefix: Key) =>
      store('readonly', async (rows) => {
        // An array is greater than any number or text.
        const range = IDBKeyRange.bound(prefix, [...prefix, []]);
        const [keys, values] = await Promise.all([
          promisifyRequest(rows.getAllKeys(range)),
          promisifyRequest(rows.getAll(range)),
        ]);
        return keys.map((key, i) => [key as Key, values[i] as Value] as [Key, Value]);
      }),
  };
}

/** Reads and writes in one transaction; done when it is committed. */
function changeRow<Value>(
  rows: IDBObjectStore,
  key: Key,
  change: (before: Value | undefined) => Value,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    let after: Value;
    const request = rows.get(key);
    request.onsuccess = () => {
      try {
        after = change(request.result as Value | undefined);
        rows.put(after, key);
      } catch (thrown) {
        reject(thrown instanceof Error ? thrown : new Error(String(thrown)));
        rows.transaction.abort();
      }
    };
    rows.transaction.oncomplete = () => resolve(after);
    rows.transaction.onabort = () => reject(notKept(rows.transaction.error));
  });
}

const notKept = (cause: unknown): FacetError =>
  new FacetError('storage-full', 'This browser could not keep the note.', {
    hint: 'Export your notes to a file, and free some space.',
    detail: String(cause),
    cause,
  });

let shelf: Promise<NotesShelf> | undefined;

/** The browser's shelf, opened when it is first asked for. */
export function theShelf(): Promise<NotesShelf> {
  shelf ??= storedRows().then(
    (rows) => new NotesShelf(rows),
    () => new NotesShelf(memoryRows()),
  );
  return shelf;
}
