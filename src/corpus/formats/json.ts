import { JSON_UNITS } from '../limits.ts';
import type { Source } from '../source.ts';
import { type Format, type Row, type RowReader, type Settings, textRows } from './format.ts';
import { tooLong } from './line-splitter.ts';
import { parseJson, recordRow } from './record.ts';

const [QUOTE, BACKSLASH, COMMA, OPEN_LIST, CLOSE_LIST, OPEN_RECORD, CLOSE_RECORD] = Array.from(
  '"\\,[]{}',
  (c) => c.charCodeAt(0),
);

/**
 * Entries of one list that arrives in pieces: cut at the commas between them, then parsed one at a time, so that the
 * whole is never in memory.
 */
class EntrySplitter implements RowReader {
  #entry = 0;
  #depth = 0;
  #quoted = false;
  #escaped = false;
  #held = '';
  #units = 0;
  #begun = false;
  #ended = false;

  constructor(
    private readonly field: string | undefined,
    private readonly source: Source,
  ) {}

  *feed(text: string, last: boolean): Generator<Row> {
    let start = 0;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (this.#quoted) {
        if (this.#escaped) this.#escaped = false;
        else if (unit === BACKSLASH) this.#escaped = true;
        else if (unit === QUOTE) this.#quoted = false;
      } else if (!this.#begun) {
        if (unit === OPEN_LIST) {
          this.#begun = true;
          start = i + 1;
        } else if (unit > 0x20)
          throw this.source.bad('it is no list of texts or records', 'A list begins with “[”.');
      } else if (this.#ended) continue;
      else if (unit === QUOTE) this.#quoted = true;
      else if (unit === OPEN_LIST || unit === OPEN_RECORD) this.#depth++;
      else if (this.#depth > 0 && (unit === CLOSE_LIST || unit === CLOSE_RECORD)) this.#depth--;
      else if (this.#depth === 0 && (unit === COMMA || unit === CLOSE_LIST)) {
        this.#hold(text.slice(start, i));
        start = i + 1;
        yield* this.#take(unit === COMMA);
        this.#ended = unit === CLOSE_LIST;
      }
    }
    if (this.#begun && !this.#ended) this.#hold(text.slice(start));
    if (last && this.#begun && !this.#ended) {
      this.source.note('The list has no end: the file is cut short.');
      yield* this.#take(false);
    }
  }

  #hold(piece: string): void {
    this.#units += piece.length;
    this.#held = this.#units > JSON_UNITS ? '' : this.#held + piece;
  }

  *#take(more: boolean): Generator<Row> {
    const [held, units] = [this.#held, this.#units];
    this.#held = '';
    this.#units = 0;
    // An empty list, or a comma before its end.
    if (!more && units <= JSON_UNITS && held.trim() === '') return;
    const line = ++this.#entry;
    if (units > JSON_UNITS) return yield { line, why: tooLong(units, JSON_UNITS) };
    const parsed = parseJson(held);
    yield 'why' in parsed ? { line, why: parsed.why } : recordRow(line, parsed.value, this.field);
  }
}

/** One JSON list of strings or records. Rows are counted by entry. */
export const json: Format = {
  id: 'json',
  title: 'JSON list',
  isText: true,
  likely({ text, extension }) {
    const isList = /^\s*\[\s*(?:[[{"\d-]|true|false|null|\])/.test(text);
    if (extension === 'json') return isList ? 0.9 : 0.3;
    return isList ? (extension === '' || extension.startsWith('json') ? 0.5 : 0.15) : 0;
  },
  rows: textRows(({ field }: Settings, source) => new EntrySplitter(field, source)),
};
