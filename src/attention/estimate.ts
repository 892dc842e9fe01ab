import type { HeadInput } from './pattern.ts';

/** Queries whose exact attention stands for that of all: the last ones, as in MInference. */
const SAMPLED = 64;

/** Scaled and capped score of a query and a key. */
function score(heads: NonNullable<HeadInput['heads']>, row: number, s: number): number {
  const { q, k, dHead, scale, cap } = heads;
  let sum = 0;
  for (let i = 0; i < dHead; i++) sum += q[row * dHead + i]! * k[s * dHead + i]!;
  const scaled = sum * scale;
  return cap > 0 ? cap * Math.tanh(scaled / cap) : scaled;
}

/**
 * Exact attention of the last 64 queries, summed along columns and along diagonals.
 * @returns [nKeys] mass on each key, and [nKeys] mass at each distance t − s
 * @source Jiang et al. 2024, arXiv:2407.02490, algorithm 2
 */
export function massOfLines(input: HeadInput): { columns: Float64Array; diagonals: Float64Array } {
  const { nQueries, nKeys, queryOffset, window } = input;
  const heads = input.heads!;
  const columns = new Float64Array(nKeys);
  const diagonals = new Float64Array(nKeys);
  const weights = new Float64Array(nKeys);
  for (let row = Math.max(0, nQueries - SAMPLED); row < nQueries; row++) {
    const t = row + queryOffset;
    const first = window === 0 ? 0 : Math.max(0, t - window + 1);
    let highest = -Infinity;
    for (let s = first; s <= t; s++) {
      weights[s] = score(heads, row, s);
      highest = Math.max(highest, weights[s]!);
    }
    let total = 0;
    for (let s = first; s <= t; s++) {
      weights[s] = Math.exp(weights[s]! - highest);
      total += weights[s]!;
    }
    for (let s = first; s <= t; s++) {
      const weight = weights[s]! / total;
      columns[s]! += weight;
      diagonals[t - s]! += weight;
    }
  }
  return { columns, diagonals };
}

/** Indices by falling value; ties by rising index. */
export function byMass(values: Float64Array): number[] {
  return Array.from(values, (_, i) => i).sort((a, b) => values[b]! - values[a]! || a - b);
}
