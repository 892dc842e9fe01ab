import { strongestLines } from '../lines.ts';
import type { AttentionPattern } from '../pattern.ts';

/** Diagonals alone. */
export const multiDiagonal: AttentionPattern = {
  id: 'multi-diagonal',
  title: 'Multi-diagonal',
  description:
    'The distances at which the last 64 tokens attend most, read by every token, besides the first block and the own one.',
  source: 'Sparse-vDiT: Chen et al. 2025, arXiv:2506.03065',
  looksAt: 'queries-and-keys',
  sizedBy: 'diagonals',
  parameters: [
    { id: 'diagonals', title: 'Diagonals', about: 'Distances at which every token reads.', integer: true, least: 0, most: 65_536, usual: 16 },
  ], // oxfmt-ignore
  build: (input, { diagonals = 0 }, budget) =>
    strongestLines(input, { columns: 0, diagonals: budget === undefined ? diagonals : Infinity }, budget),
};
