import type { Item } from '../storyworld/index.ts';

/** How a file was read: an id of `formats/index.ts`. */
export type CorpusFormat = string;

/** What is kept of a visitor's texts beside them. */
export interface CorpusManifest {
  version: 1;
  /** First 16 hex digits of the SHA-256 of the normalised texts and metadata: the same texts, the same id. */
  digest: string;
  /** As the visitor's file is called, for display only. */
  name: string;
  items: number;
  /** Of the source, and of the texts kept (UTF-8). */
  bytes: number;
  textBytes: number;
  format: CorpusFormat;
  /** Label of the WHATWG encoding it was read with. */
  encoding: string;
  /** Column or field the texts are from, where the format has them. */
  field?: string;
  /** Other columns or fields, kept as metadata. */
  metadata: string[];
  /** Rows that could not be used, counted and the first of them listed. */
  skipped: { count: number; first: SkippedRow[] };
  /** What else there is to know of how it was read, in words. */
  notes?: string[];
  /** Milliseconds since 1970. */
  added: number;
}

export interface SkippedRow {
  /** Line or row of the source, from 1. */
  line: number;
  why: string;
}

/** A kept corpus, as its worker hands it to the page and the page to the engine. Blobs are files of this device. */
export interface CorpusFiles {
  manifest: CorpusManifest;
  /** All texts, UTF-8, one after the other. */
  texts: Blob;
  /** f64 little-endian byte offsets: items + 1 into `texts`, then items + 1 into `metadata`. */
  index: Blob;
  /** A JSON array of strings (in the order of `manifest.metadata`) for each item, UTF-8, one after the other. */
  metadata: Blob;
}

/** Texts to read: generated, or the visitor's own. */
export type CorpusReference =
  | { kind: 'storyworld'; seed: number; items: number }
  | { kind: 'own'; files: CorpusFiles };

export interface CorpusItem {
  text: string;
  /** Values in the order of `Corpus.metadata`. For Storyworld: its register. */
  metadata: string[];
  /** Of a generated text, with its labels. */
  storyworld?: Item;
}

/** Random access to the items of a corpus. */
export interface Corpus {
  /** `storyworld-SEED-ITEMS` or `own-DIGEST`: what links and kept scans call it. */
  readonly id: string;
  readonly name: string;
  readonly items: number;
  readonly metadata: readonly string[];
  /** @throws FacetError `bad-input` when the files do not hold what their manifest says */
  read(first: number, count: number): Promise<CorpusItem[]>;
}

/** Name of a corpus in links: `storyworld-1-300`, `own-0123456789abcdef`. */
export const corpusId = (corpus: CorpusReference): string =>
  corpus.kind === 'storyworld'
    ? `storyworld-${corpus.seed}-${corpus.items}`
    : `own-${corpus.files.manifest.digest}`;
