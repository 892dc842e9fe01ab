import { Corpora } from '../corpus/corpora.ts';
import type { CorpusFormat, CorpusItem } from '../corpus/corpus.ts';
import { formatOf } from '../corpus/formats/index.ts';
import type { Row, Settings } from '../corpus/formats/format.ts';
import type { AddedCorpus, CorpusProgress, ReadRequest } from '../corpus/protocol.ts';
import { Source } from '../corpus/source.ts';
import { localLock, MemoryStore, type Space, type Store } from '../library/store.ts';

export const plenty: Space = {
  estimate: () => Promise.resolve({ usage: 0, quota: 0 }),
  persisted: () => Promise.resolve(false),
};

export const corpora = (store: Store = new MemoryStore(), space: Space = plenty): Corpora =>
  new Corpora(Promise.resolve({ store, space, lock: localLock() }));

export interface Read {
  manifest: AddedCorpus;
  items: CorpusItem[];
  progress: CorpusProgress[];
}

/** Adds a source, and reads back what was kept of it. */
export async function addAndRead(
  source: ReadRequest['source'] | Uint8Array<ArrayBuffer>,
  name = 'texts.txt',
  asked: Partial<ReadRequest> = {},
  of = corpora(),
): Promise<Read> {
  const progress: CorpusProgress[] = [];
  const given = source instanceof Uint8Array ? new Blob([source]) : source;
  const manifest = await of.add({ source: given, name, ...asked }, 1, (told) => progress.push(told));
  const items = await of.read(`own-${manifest.digest}`, 0, Math.min(manifest.items, 10_000));
  return { manifest, items, progress };
}

/** Rows that a format makes of bytes that arrive in slices of this size. */
export async function rowsOf(
  format: CorpusFormat,
  bytes: Uint8Array<ArrayBuffer>,
  slice: number,
  settings: Settings = {},
  encoding = 'utf-8',
): Promise<Row[]> {
  const source = new Source('test', new Blob([bytes]), new AbortController().signal, Infinity, slice);
  source.encoding = encoding;
  const rows: Row[] = [];
  for await (const some of formatOf(format).rows(source, settings)) rows.push(...some);
  return rows;
}
