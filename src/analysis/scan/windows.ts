/** Part of an item as it is read. */
export interface ScanWindow {
  item: number;
  /** Position in the item of its first own token. */
  first: number;
  /** Rows at the front that are not of the text. */
  prefix: number;
  /** [T] with the prefix */
  ids: Uint32Array<ArrayBuffer>;
}

/** Where a scan is: all items before `item`, and that many windows of it. */
export interface ScanCursor {
  item: number;
  window: number;
}

/** Consecutive windows: the unit in which a scan advances. */
export interface ScanChunk {
  windows: ScanWindow[];
  next: ScanCursor;
  /** Items of more than one window that end in it. */
  longItems: number;
  /** Items that end in it and could not be split into tokens. */
  unreadable: number;
}

/** Rows after which a chunk ends; it is a chunk of the corpus, whatever reads it. */
const CHUNK_ROWS = 1_024;
/** Items without a token have no rows. */
const CHUNK_ITEMS = 256;
const ITEMS_AT_ONCE = 32;

/** The first row of a window whose token is counted. */
export const firstRow = ({ prefix }: ScanWindow): number => Math.max(1, prefix);

/** Position in the item of a row's token. */
export const tokenAt = ({ first, prefix }: ScanWindow, row: number): number => first + row - prefix;

/** Of `Corpus`. */
export interface Texts {
  readonly items: number;
  read(first: number, count: number): Promise<readonly { text: string }[]>;
}

export interface CorpusReading {
  /** Token ids of a text; `undefined` where the model has none for it. */
  split: (text: string) => Uint32Array<ArrayBuffer> | undefined;
  /** Ids before each window. */
  prefix: Uint32Array<ArrayBuffer>;
  /** Most rows of a window, the prefix included. */
  rows: number;
}

/** Cuts a corpus into chunks, which depend on nothing but it and how it is read. Holds a few items at a time. */
export class CorpusChunks {
  #items: { first: number; texts: string[] } = { first: 0, texts: [] };
  #split: { item: number; ids: Uint32Array<ArrayBuffer> | undefined } | undefined;

  constructor(
    private readonly corpus: Texts,
    private readonly reading: CorpusReading,
  ) {}

  /** The chunk that begins at a place where one ended, or at the beginning; `undefined` at the end. */
  async at({ item, window }: ScanCursor): Promise<ScanChunk | undefined> {
    if (item >= this.corpus.items) return undefined;
    const { prefix, rows } = this.reading;
    const room = Math.max(1, rows - prefix.length);
    const chunk: ScanChunk = { windows: [], next: { item, window }, longItems: 0, unreadable: 0 };
    const { next } = chunk;
    let read = 0;
    while (next.item < this.corpus.items && read < CHUNK_ROWS && next.item - item < CHUNK_ITEMS) {
      const ids = await this.#ids(next.item);
      const count = Math.ceil((ids?.length ?? 0) / room);
      for (; next.window < count && read < CHUNK_ROWS; next.window++) {
        const first = next.window * room;
        const own = ids!.subarray(first, first + room);
        const all = new Uint32Array(prefix.length + own.length);
        all.set(prefix);
        all.set(own, prefix.length);
        chunk.windows.push({ item: next.item, first, prefix: prefix.length, ids: all });
        read += all.length;
      }
      if (next.window < count) break;
      if (count > 1) chunk.longItems += 1;
      if (!ids) chunk.unreadable += 1;
      next.item += 1;
      next.window = 0;
    }
    return chunk;
  }

  async #ids(item: number): Promise<Uint32Array<ArrayBuffer> | undefined> {
    if (this.#split?.item !== item) this.#split = { item, ids: this.reading.split(await this.#text(item)) };
    return this.#split.ids;
  }

  async #text(item: number): Promise<string> {
    if (item < this.#items.first || item >= this.#items.first + this.#items.texts.length) {
      const found = await this.corpus.read(item, ITEMS_AT_ONCE);
      this.#items = { first: item, texts: found.map(({ text }) => text) };
    }
    return this.#items.texts[item - this.#items.first] ?? '';
  }
}

/**
 * Windows in batches of about as many rows, alike in length so that they pack well. Which batch a window is in does not
 * change what is counted.
 */
export function batchesOf(windows: readonly ScanWindow[], rows: number): ScanWindow[][] {
  const batches: ScanWindow[][] = [];
  let room = 0;
  for (const window of windows.toSorted((a, b) => b.ids.length - a.ids.length)) {
    if (batches.length === 0 || window.ids.length > room) {
      batches.push([]);
      room = rows;
    }
    batches.at(-1)!.push(window);
    room -= window.ids.length;
  }
  return batches;
}
