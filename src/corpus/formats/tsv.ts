import { type Format, textRows } from './format.ts';
import { looksLikeHeader, regularity, separatedReader } from './separated.ts';

export const tsv: Format = {
  id: 'tsv',
  title: 'Tabs between columns',
  isText: true,
  likely(head) {
    if (/^(?:tsv|tab)$/.test(head.extension)) return 0.9;
    return regularity(head, '\t').sure > 0.9 ? 0.3 : 0.01;
  },
  settle: (head, asked) => ({
    ...asked,
    delimiter: '\t',
    header: asked.header ?? looksLikeHeader(head, '\t'),
  }),
  rows: textRows(separatedReader),
};
