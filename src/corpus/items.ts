import type { Row } from './formats/format.ts';
import { cut, JUDGED_ROWS, MOST_FIELDS, NAME_UNITS, TEXT_UNITS, VALUE_UNITS } from './limits.ts';
import { tooLong } from './formats/line-splitter.ts';
import type { Source } from './source.ts';

/** What the column of texts is usually called, likeliest first. */
const USUAL =
  'text content prompt sentence document body review comment story message instruction question input passage abstract article'.split(
    ' ',
  );
const SAMPLE_UNITS = 120;

export interface Judged {
  /** In order of their first appearance. */
  fields: { name: string; sample: string }[];
  /** Undefined when rows are texts themselves. */
  field?: string;
  /** For the visitor, when it is a guess. */
  note?: string;
}

/** Which fields the first rows have, and which of them is the text. */
export function judge(rows: readonly Row[], asked?: string): Judged {
  const found = new Map<string, { sample: string; rows: number; units: number }>();
  let records = 0;
  let texts = 0;
  for (const row of rows.slice(0, JUDGED_ROWS)) {
    if ('text' in row) texts++;
    if (!('values' in row)) continue;
    records++;
    for (const [name, value] of row.values) {
      if (name.length > NAME_UNITS || (found.size >= MOST_FIELDS && !found.has(name) && name !== asked))
        continue;
      const known = found.get(name) ?? { sample: '', rows: 0, units: 0 };
      found.set(name, known);
      if (value.trim() === '') continue;
      known.sample ||= cut(value.toWellFormed(), SAMPLE_UNITS);
      known.rows++;
      known.units += Math.min(value.length, 10_000);
    }
  }
  const fields = [...found].map(([name, { sample }]) => ({ name, sample }));
  if (asked !== undefined) return { fields, field: asked };
  if (records === 0 || texts > records) return { fields };
  const often = [...found].filter(([, known]) => known.rows >= records / 2);
  for (const usual of USUAL) {
    // One inside another field is the text only where there is none outside.
    const same =
      often.find(([name]) => name.toLowerCase() === usual) ??
      often.find(([name]) => name.toLowerCase().endsWith(`.${usual}`));
    if (same) return { fields, field: same[0] };
  }
  const longest = [...(often.length > 0 ? often : found)].sort(([, a], [, b]) => b.units - a.units)[0];
  if (!longest) return { fields };
  const [field] = longest;
  return {
    fields,
    field,
    note: found.size > 1 ? `“${field}” was taken as the text: it has the longest values.` : undefined,
  };
}

/** Makes items of rows: the text, and the other fields as strings in one order for all. */
export class ItemMaker {
  /** Names of metadata, in order of their first appearance. */
  readonly metadata: string[] = [];
  readonly #places = new Map<string, number>();

  constructor(
    private readonly field: string | undefined,
    private readonly source: Source,
  ) {}

  /** @returns the item, whose metadata ends with the last field it has; or why there is none */
  make(row: Row): { text: string; metadata: string[] } | { why: string } {
    if ('why' in row) return row;
    const metadata: string[] = [];
    let text: string | undefined;
    if ('text' in row) ({ text } = row);
    else if (this.field === undefined) return { why: 'a record; the others are texts' };
    else {
      text = row.values.get(this.field);
      for (const [name, value] of row.values) {
        const place = name === this.field || value === '' ? -1 : this.#place(name);
        if (place < 0) continue;
        while (metadata.length < place) metadata.push('');
        metadata[place] = this.#value(value);
      }
    }
    if (text === undefined || text.trim() === '') return { why: `no text in “${this.field ?? 'it'}”` };
    if (text.length > TEXT_UNITS) return { why: tooLong(text.length, TEXT_UNITS) };
    if (text.isWellFormed()) return { text, metadata };
    const whole = text.toWellFormed();
    for (let i = 0; i < whole.length; i++) if (whole[i] !== text[i]) this.source.replaced++;
    return { text: whole, metadata };
  }

  /** −1 when there are too many. */
  #place(given: string): number {
    const known = this.#places.get(given);
    if (known !== undefined) return known;
    if (this.metadata.length >= MOST_FIELDS) {
      this.source.note(`There are more than ${MOST_FIELDS} fields; the first of them are kept.`);
      return -1;
    }
    this.#places.set(given, this.metadata.length);
    this.metadata.push(cut(given.toWellFormed(), NAME_UNITS));
    return this.metadata.length - 1;
  }

  #value(value: string): string {
    if (value.length > VALUE_UNITS)
      this.source.note(`Metadata longer than ${VALUE_UNITS} characters was cut.`);
    return cut(value, VALUE_UNITS).toWellFormed();
  }
}
