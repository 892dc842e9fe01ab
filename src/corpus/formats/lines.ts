import { TEXT_UNITS } from '../limits.ts';
import { type Format, type RowReader, textRows } from './format.ts';
import { LineSplitter, tooLong } from './line-splitter.ts';

function reader(): RowReader {
  const lines = new LineSplitter(TEXT_UNITS);
  return {
    *feed(text, last) {
      for (const { line, text: found, tooLong: units } of lines.feed(text, last)) {
        if (units !== undefined) yield { line, why: tooLong(units, TEXT_UNITS) };
        else if (found.trim() !== '') yield { line, text: found };
      }
    },
  };
}

/** Plain text, every line that is not blank a text of its own. */
export const lines: Format = {
  id: 'lines',
  title: 'Text, one a line',
  isText: true,
  // What anything that is text can be read as.
  likely: () => 0.1,
  rows: textRows(reader),
};
