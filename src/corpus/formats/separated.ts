import Papa from 'papaparse';
import { cut, MOST_FIELDS, NAME_UNITS, QUOTED_UNITS, ROW_UNITS } from '../limits.ts';
import type { Source } from '../source.ts';
import type { Head, Row, RowReader, Settings } from './format.ts';
import { tooLong } from './line-splitter.ts';

/** What Papa's parser gives for one piece of text; its own types leave it open. */
interface Parsed {
  data: string[][];
  errors: { type: string; code: string; row?: number }[];
  /** `cursor` is where the last complete row ends. */
  meta: { cursor: number };
}

/** Rows whose quotes are never closed, after which quotes mean nothing any more. */
const MOST_UNCLOSED = 5;

/** Cells of a table that arrives in pieces of any length. A row is looked at whole or not at all. */
export class CellReader {
  /** Complete rows so far. */
  row = 0;
  /** Rows with a quote that is never closed, or not as the rules want it. */
  unclosed = 0;
  malformed = 0;
  #held = '';
  /** Units to wait for before a row that was incomplete is looked at again. */
  #wait = 0;
  /** Units of a line that is too long, while its end is looked for. */
  #dropped = 0;

  constructor(private readonly delimiter: string) {}

  /** @returns rows of cells, each with its number, or the units of one that is too long */
  *feed(
    text: string,
    last: boolean,
  ): Generator<{ row: number; cells: string[] } | { row: number; units: number }> {
    this.#held += text;
    if (!last && this.#held.length < this.#wait) return;
    this.#wait = 0;
    while (this.#held !== '') {
      if (this.#dropped > 0) {
        yield* this.#drop(last);
        if (this.#dropped > 0) return;
        continue;
      }
      // How long a row may be never depends on where the pieces end: it is complete within so many units, or not.
      const most = this.#most();
      const whole = this.#held.length <= most;
      const piece = whole ? this.#held : this.#held.slice(0, most);
      const { data, errors, meta } = this.#parse(piece, true);
      this.malformed += new Set(
        errors.flatMap(({ row }) => (row !== undefined && row < data.length ? row : [])),
      ).size;
      for (const cells of data) yield { row: ++this.row, cells };
      if (data.length > 0) {
        this.#held = this.#held.slice(meta.cursor);
        if (!last && this.#held.length < QUOTED_UNITS) return;
      } else if (whole && last) {
        const end = this.#parse(piece, false);
        if (end.errors.some(({ code }) => code === 'MissingQuotes')) yield* this.#literally();
        else {
          this.#held = '';
          for (const cells of end.data) yield { row: ++this.row, cells };
        }
      } else if (this.#held.length >= most) yield* this.#literally();
      else {
        // Looked at again when it is twice as long, so that a long row costs no more than some times its length.
        this.#wait = Math.min(most, this.#held.length * 2);
        return;
      }
    }
    if (last && this.#dropped > 0) yield* this.#drop(true);
  }

  /** Units of the next row. */
  #most(): number {
    const quote = this.#isLiteral ? -1 : this.#held.indexOf('"');
    return quote >= 0 && quote < QUOTED_UNITS ? QUOTED_UNITS : ROW_UNITS;
  }

  get #isLiteral(): boolean {
    return this.unclosed > MOST_UNCLOSED;
  }

  #parse(text: string, ignoreLast: boolean): Parsed {
    // Without quotes Papa splits by newline and delimiter alone.
    const fastMode = this.#isLiteral ? true : undefined;
    return new Papa.Parser({ delimiter: this.delimiter, newline: '\n', fastMode }).parse(
      text,
      0,
      ignoreLast,
    ) as Parsed;
  }

  /** A row whose quote has no end: its first line, as it stands. */
  *#literally(): Generator<{ row: number; cells: string[] }> {
    const end = this.#held.indexOf('\n');
    const line = end < 0 ? this.#held : this.#held.slice(0, end);
    if (line.length >= ROW_UNITS) {
      this.#dropped = line.length;
      this.#held = end < 0 ? '' : this.#held.slice(end);
      return;
    }
    this.unclosed++;
    this.#held = end < 0 ? '' : this.#held.slice(end + 1);
    yield { row: ++this.row, cells: line.split(this.delimiter) };
  }

  *#drop(last: boolean): Generator<{ row: number; units: number }> {
    const end = this.#held.indexOf('\n');
    this.#dropped += end < 0 ? this.#held.length : end;
    this.#held = end < 0 ? '' : this.#held.slice(end + 1);
    if (end < 0 && !last) return;
    yield { row: ++this.row, units: this.#dropped };
    this.#dropped = 0;
  }
}

/** Reader of a table with a delimiter: records by column name. */
export function separatedReader(
  { delimiter = ',', header = true, field }: Settings,
  source: Source,
): RowReader {
  const cells = new CellReader(delimiter);
  let names: string[] | undefined;
  let kept: number[] = [];
  const begin = (found: string[] | number): void => {
    names = columnNames(found);
    kept = [...names.keys()].slice(0, MOST_FIELDS);
    const chosen = field === undefined ? -1 : names.indexOf(field);
    if (chosen >= MOST_FIELDS) kept.push(chosen);
    if (names.length > MOST_FIELDS)
      source.note(`It has ${names.length} columns; the first ${MOST_FIELDS} are listed and kept.`);
  };
  return {
    *feed(text, last): Generator<Row> {
      for (const found of cells.feed(text, last)) {
        if ('units' in found) {
          yield { line: found.row, why: tooLong(found.units, ROW_UNITS) };
          continue;
        }
        const { row: line, cells: values } = found;
        if (values.length === 1 && values[0]!.trim() === '') continue;
        if (!names) {
          begin(header ? values : values.length);
          if (header) continue;
        }
        yield {
          line,
          values: new Map(kept.flatMap((i) => (i < values.length ? [[names![i]!, values[i]!]] : []))),
        };
      }
      const { unclosed, malformed } = cells;
      if (last && unclosed > 0)
        source.note(
          unclosed > MOST_UNCLOSED
            ? `Quotes do not balance: after the first ${MOST_UNCLOSED} such rows they are read as plain characters.`
            : `${unclosed} ${unclosed === 1 ? 'row has' : 'rows have'} a quote that is never closed; read as it stands, to the end of the line.`,
        );
      if (last && malformed > 0)
        source.note(
          `${malformed} ${malformed === 1 ? 'row has' : 'rows have'} quotes that do not follow the rules.`,
        );
    },
  };
}

/** Names of columns: never empty, never twice the same. @param cells of the first row, or how many there are */
export function columnNames(cells: readonly string[] | number): string[] {
  const given = typeof cells === 'number' ? Array.from({ length: cells }, () => '') : cells;
  const used = new Set<string>();
  return given.map((cell, i) => {
    const base = cut(cell.trim().replace(/\s+/g, ' ').toWellFormed(), NAME_UNITS) || `column ${i + 1}`;
    let name = base;
    // The number of a column is its own, so that a thousand of one name cost nothing to tell apart.
    if (used.has(name)) name = `${base} (${i + 1})`;
    while (used.has(name)) name += '*';
    used.add(name);
    return name;
  });
}

const firstRows = (text: string, delimiter: string): string[][] =>
  (
    new Papa.Parser({ delimiter, newline: '\n', preview: 20 }).parse(
      text.slice(0, 200_000),
      0,
      false,
    ) as Parsed
  ).data;

/** How sure it is that rows are cells with this delimiter between, 0 to 1, and how many cells they have. */
export function regularity({ text, cut: isCut }: Head, delimiter: string): { sure: number; cells: number } {
  const rows = firstRows(text, delimiter).filter((cells) => cells.length > 1 || cells[0]!.trim() !== '');
  // The last of a few rows may only be begun.
  if (isCut && rows.length > 1) rows.pop();
  const cells = rows[0]?.length ?? 0;
  if (cells < 2) return { sure: 0, cells };
  const same = rows.filter((row) => row.length === cells).length;
  return { sure: rows.length < 2 ? 0.5 : same / rows.length, cells };
}

/** Whether the first row names the columns: short, all different, no numbers, no sentences. */
export function looksLikeHeader({ text }: Head, delimiter: string): boolean {
  const [first = []] = firstRows(text, delimiter).filter(
    (cells) => cells.length > 1 || cells[0]!.trim() !== '',
  );
  const cells = first.map((cell) => cell.trim());
  // A row's last cell is often left without a name.
  const named = cells.filter(Boolean);
  return (
    named.length > 0 &&
    named.length >= cells.length - 1 &&
    new Set(named).size === named.length &&
    named.every((cell) => cell.length <= 100 && !/[.!?…]$|\n|^[-+]?[\d.,]+$/.test(cell))
  );
}
