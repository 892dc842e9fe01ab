import { type Format, textRows } from './format.ts';
import { looksLikeHeader, regularity, separatedReader } from './separated.ts';

const DELIMITERS = [',', ';', '|', '\t'];

/** @source RFC 4180, and what is found instead of it: `;` or `|`, any line ends, quotes that do not balance */
export const csv: Format = {
  id: 'csv',
  title: 'CSV',
  isText: true,
  likely(head) {
    if (head.extension === 'csv') return 0.9;
    return head.extension === '' || head.extension === 'dat' ? guess(head).sure * 0.15 : 0.01;
  },
  settle(head, asked) {
    const delimiter = asked.delimiter ?? guess(head).delimiter;
    return { ...asked, delimiter, header: asked.header ?? looksLikeHeader(head, delimiter) };
  },
  rows: textRows(separatedReader),
};

function guess(head: Parameters<Format['likely']>[0]): { delimiter: string; sure: number } {
  const judged = DELIMITERS.map((delimiter) => ({ delimiter, ...regularity(head, delimiter) }));
  // Equally regular ones: the one that makes more cells; else the one that comes first.
  return judged.reduce((best, other) =>
    other.sure > best.sure || (other.sure === best.sure && other.cells > best.cells) ? other : best,
  );
}
