import type { CorpusFiles, CorpusFormat, CorpusItem, CorpusManifest, SkippedRow } from './corpus.ts';

export type * from './corpus.ts';

/**
 * What the page may ask of the corpus worker. It reads the visitor's files and keeps their texts; it speaks to no network.
 * Rejections are `FacetError`s.
 */
export interface CorpusApi {
  /**
   * The beginning of a file, read as it would be: format, encoding, columns and the first items. Reads at most 4 MB, or
   * the first rows of a Parquet file. @throws `bad-input` what is no text, `bad-file` what breaks its format's rules
   */
  preview(request: ReadRequest, ticket: number): Promise<CorpusPreview>;
  /**
   * Reads a whole file as a stream and keeps its texts; one file at a time. @throws `bad-input` when nothing of it can
   * be used, `storage-full` before the disk is; nothing is left of it then
   */
  add(
    request: ReadRequest,
    ticket: number,
    onProgress: (progress: CorpusProgress) => void,
  ): Promise<AddedCorpus>;
  /** Newest first. */
  list(): Promise<CorpusManifest[]>;
  /** @throws `not-found` */
  open(digest: string): Promise<CorpusFiles>;
  /**
   * Items from `first` on, for a look at them. @param corpus its name, see `corpusId`
   * @throws `not-found`, `bad-input` when they are damaged
   */
  read(corpus: string, first: number, count: number): Promise<CorpusItem[]>;
  rename(digest: string, name: string): Promise<CorpusManifest>;
  remove(digest: string): Promise<void>;
  /** Bytes kept and left, whether they outlive the page, and whether the browser promised to keep them. */
  storage(): Promise<CorpusStorage>;
  cancel(ticket: number): Promise<void>;
}

/** `already`: the same texts were kept before, and still are as they were. */
export type AddedCorpus = CorpusManifest & { already?: boolean };

export interface ReadRequest {
  /** A file, or text that was pasted. */
  source: Blob | string;
  /** For display; its end is a hint for the format. */
  name: string;
  /** Overrides of what would be detected. */
  format?: CorpusFormat;
  encoding?: string;
  /** Column or field the text is in. A field inside another is `a.b`. */
  field?: string;
  /** Between the cells of a table. */
  delimiter?: string;
  /** Whether the first row of a table names its columns. */
  header?: boolean;
}

export interface CorpusProgress {
  /** Bytes of the source. `total` is 0 while unknown. */
  done: number;
  total: number;
  items: number;
  skipped: number;
}

export interface CorpusPreview {
  format: CorpusFormat;
  /** Formats this source can be read as, for a menu. */
  formats: { id: CorpusFormat; title: string }[];
  encoding: string;
  encodings: string[];
  /** Columns or fields with a sample value each; empty for plain text. At most 1,000. */
  fields: { name: string; sample: string }[];
  field?: string;
  /** Of a table. */
  header?: boolean;
  delimiter?: string;
  items: { text: string; metadata: string[] }[];
  metadata: string[];
  skipped: SkippedRow[];
  /** For the visitor, e.g. that bytes were replaced or a column was chosen for its length. */
  notes: string[];
}

export interface CorpusStorage {
  usedBytes: number;
  freeBytes: number;
  durable: boolean;
  persisted: boolean;
}
