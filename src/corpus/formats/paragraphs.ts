import { TEXT_UNITS } from '../limits.ts';
import { type Format, type Row, type RowReader, textRows } from './format.ts';
import { LineSplitter, tooLong } from './line-splitter.ts';

function reader(): RowReader {
  const lines = new LineSplitter(TEXT_UNITS);
  let first = 0;
  let held: string[] = [];
  let units = 0;
  function* end(): Generator<Row> {
    if (units > TEXT_UNITS) yield { line: first, why: tooLong(units, TEXT_UNITS) };
    else if (held.length > 0) yield { line: first, text: held.join('\n') };
    held = [];
    units = 0;
  }
  return {
    *feed(text, last) {
      for (const { line, text: found, tooLong: dropped } of lines.feed(text, last)) {
        if (dropped === undefined && found.trim() === '') {
          yield* end();
          continue;
        }
        if (units === 0) first = line;
        units += (units > 0 ? 1 : 0) + (dropped ?? found.length);
        if (units > TEXT_UNITS) held = [];
        else held.push(found);
      }
      if (last) yield* end();
    },
  };
}

/** Plain text, with a blank line between one text and the next. */
export const paragraphs: Format = {
  id: 'paragraphs',
  title: 'Text, blank lines between',
  isText: true,
  likely({ text }) {
    const parts = text.split(/\n[^\S\n]*\n\s*/).filter((part) => part.trim() !== '');
    const several = parts.filter((part) => part.trim().includes('\n')).length;
    // Texts of one line each, spaced out, are lines as well.
    return parts.length > 1 && several > parts.length / 4 ? 0.2 : 0.05;
  },
  rows: textRows(reader),
};
