import { strongestLines } from '../lines.ts';
import type { AttentionPattern } from '../pattern.ts';

/** Columns alone. */
export const verticalStripes: AttentionPattern = {
  id: 'vertical-stripes',
  title: 'Vertical stripes',
  description:
    'The tokens that get the most attention from the last 64 tokens, read by every token, besides the first block and the own one.',
  source: 'Sparse-vDiT: Chen et al. 2025, arXiv:2506.03065',
  looksAt: 'queries-and-keys',
  sizedBy: 'columns',
  parameters: [
    { id: 'columns', title: 'Columns', about: 'Tokens that every token reads.', integer: true, least: 0, most: 65_536, usual: 16 },
  ], // oxfmt-ignore
  build: (input, { columns = 0 }, budget) =>
    strongestLines(input, { columns: budget === undefined ? columns : Infinity, diagonals: 0 }, budget),
};
