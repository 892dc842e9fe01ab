import { strongestLines } from '../lines.ts';
import type { AttentionPattern } from '../pattern.ts';

/** Columns and diagonals of the pattern that the last queries attend to most. */
export const verticalSlash: AttentionPattern = {
  id: 'vertical-slash',
  title: 'Vertical-slash',
  description:
    'Columns (tokens everyone reads) and diagonals (fixed distances) with the most attention from the last 64 tokens, besides the first block and the own one. Under a budget columns and diagonals take turns.',
  source: 'MInference: Jiang et al. 2024, arXiv:2407.02490',
  looksAt: 'queries-and-keys',
  sizedBy: 'columns',
  parameters: [
    { id: 'columns', title: 'Columns', about: 'Tokens that every token reads.', integer: true, least: 0, most: 65_536, usual: 16 },
    { id: 'diagonals', title: 'Diagonals', about: 'Distances at which every token reads.', integer: true, least: 0, most: 65_536, usual: 16 },
  ], // oxfmt-ignore
  build: (input, { columns = 0, diagonals = 0 }, budget) =>
    strongestLines(
      input,
      budget === undefined ? { columns, diagonals } : { columns: Infinity, diagonals: Infinity },
      budget,
    ),
};
