import { fitSize } from './budget.ts';
import { byMass, massOfLines } from './estimate.ts';
import { type PairMask, sinksAndDiagonal } from './pair-mask.ts';
import type { HeadInput } from './pattern.ts';

/**
 * Sinks, the diagonal blocks, and the columns and diagonals that hold most of the attention.
 * @param counts how many columns and diagonals; `Infinity` in both with a budget lets them take turns until it is met,
 *   0 leaves a kind out
 */
export function strongestLines(
  input: HeadInput,
  counts: { columns: number; diagonals: number },
  budget?: number,
): PairMask {
  const mass = massOfLines(input);
  const columns = byMass(mass.columns);
  const diagonals = byMass(mass.diagonals);
  const { nQueries, nKeys, queryOffset } = input;
  const make = (nColumns: number, nDiagonals: number): PairMask => {
    const mask = sinksAndDiagonal(input);
    for (const s of columns.slice(0, nColumns)) for (let row = 0; row < nQueries; row++) mask.add(row, s);
    for (const distance of diagonals.slice(0, nDiagonals)) {
      for (let row = Math.max(0, distance - queryOffset); row < nQueries; row++)
        mask.add(row, row + queryOffset - distance);
    }
    return mask;
  };
  if (budget === undefined) return make(counts.columns, counts.diagonals);
  if (counts.columns === 0) return fitSize(input, budget, nKeys, (size) => make(0, size));
  if (counts.diagonals === 0) return fitSize(input, budget, nKeys, (size) => make(size, 0));
  return fitSize(input, budget, 2 * nKeys, (size) => make((size + 1) >>> 1, size >>> 1));
}
