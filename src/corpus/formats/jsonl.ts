import { JSON_UNITS } from '../limits.ts';
import { type Format, type RowReader, type Settings, textRows } from './format.ts';
import { LineSplitter, tooLong } from './line-splitter.ts';
import { parseJson, recordRow } from './record.ts';

function reader({ field }: Settings): RowReader {
  const lines = new LineSplitter(JSON_UNITS);
  return {
    *feed(text, last) {
      for (const { line, text: found, tooLong: units } of lines.feed(text, last)) {
        if (units !== undefined) {
          yield { line, why: tooLong(units, JSON_UNITS) };
          continue;
        }
        if (found.trim() === '') continue;
        const parsed = parseJson(found);
        yield 'why' in parsed ? { line, why: parsed.why } : recordRow(line, parsed.value, field);
      }
    },
  };
}

/** @source https://jsonlines.org */
export const jsonl: Format = {
  id: 'jsonl',
  title: 'JSON Lines',
  isText: true,
  likely({ text, extension, cut }) {
    const lines = text.split('\n', 20).filter((line) => line.trim() !== '');
    if (cut && lines.length > 1 && lines.length < 20) lines.pop();
    const good = lines.filter((line) => /^\s*[{"]/.test(line) && 'value' in parseJson(line)).length;
    const share = lines.length === 0 ? 0 : good / lines.length;
    if (/^(?:jsonl|ndjson|jsonlines)$/.test(extension)) return share > 0 || !/^\s*\[/.test(text) ? 0.9 : 0.3;
    if (extension === 'json') return share > 0.5 && lines.length > 1 ? 0.95 : 0.2;
    return share > 0.5 && /^\s*\{/.test(text) ? 0.8 : 0.01;
  },
  rows: textRows(reader),
};
