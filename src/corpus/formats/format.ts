import type { CorpusFormat } from '../corpus.ts';
import type { Source } from '../source.ts';

/** One row of a source: a text, a record of fields, or what is wrong with it. */
export type Row = {
  /** Line, row or entry of the source, from 1. */
  line: number;
} & ({ text: string } | { values: ReadonlyMap<string, string> } | { why: string });

/** The beginning of a source. */
export interface Head {
  name: string;
  /** Lower case, without its dot; empty when there is none. */
  extension: string;
  bytes: Uint8Array;
  /** Decoded; empty for what is not text. Lines end in `\n`. */
  text: string;
  /** The source goes on. */
  cut: boolean;
}

/** How a source is read; settled from its beginning, once, so that a preview and the whole read agree. */
export interface Settings {
  /** Between cells. */
  delimiter?: string;
  /** Whether the first row names the columns. */
  header?: boolean;
  /** Column or field of the text; it is in every record that has it, however many others there are. */
  field?: string;
}

/** A way to write many texts into one file. */
export interface Format {
  id: CorpusFormat;
  title: string;
  /** False when it is not read from decoded text. */
  isText: boolean;
  /** How likely it is that the source is written so, 0 (it cannot be) to 1. */
  likely(head: Head): number;
  settle?(head: Head, asked: Settings): Settings;
  /** Rows in order, some at a time. @throws FacetError `bad-file`, `cancelled` */
  rows(source: Source, settings: Settings): AsyncIterable<Row[]>;
}

/** Takes a text in pieces of any length and gives the rows that are complete. */
export interface RowReader {
  feed(text: string, last: boolean): Iterable<Row>;
}

/** `rows` of a format that is read from decoded text. */
export function textRows(open: (settings: Settings, source: Source) => RowReader): Format['rows'] {
  return async function* rows(source, settings) {
    const reader = open(settings, source);
    let some = false;
    for await (const text of source.text()) {
      const found = [...reader.feed(text, false)];
      some ||= found.length > 0;
      yield found;
    }
    // Half a row at the end of a preview is no row, unless there is no other.
    if (!source.cut || !some) yield [...reader.feed('', true)];
  };
}
