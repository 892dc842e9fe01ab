import { type Quartiles, quartiles } from '../../src/shared/quartiles.ts';
import type { Answer } from './contender.ts';

export interface Spread extends Quartiles {
  least: number;
  greatest: number;
}

/** Order statistics of at least one value. */
export function spreadOf(values: readonly number[]): Spread {
  return { ...quartiles(values), least: Math.min(...values), greatest: Math.max(...values) };
}

/** a / b of each round that has both. */
export function ratiosOf(a: readonly number[], b: readonly number[]): number[] {
  return a.slice(0, b.length).map((value, round) => value / b[round]!);
}

/**
 * Largest difference over the largest magnitude expected. Codes are compared as sets: values in order, and a latent that
 * only one of both has must be as good as the last one kept, as ties within rounding are.
 * @returns Infinity where the answers have different sizes, or a value is not a number
 */
export function differenceOf(answer: Answer, expected: Answer): number {
  const { values } = answer;
  if (values.length !== expected.values.length || values.length === 0) return Infinity;
  let [most, scale] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    const difference = Math.abs(values[i]! - expected.values[i]!);
    if (!(difference <= most)) most = Number.isNaN(difference) ? Infinity : difference;
    scale = Math.max(scale, Math.abs(expected.values[i]!));
  }
  if (Boolean(answer.codes) !== Boolean(expected.codes)) return Infinity;
  if (answer.codes && expected.codes)
    most = Math.max(most, strangers(answer, expected), strangers(expected, answer));
  return most / (scale || 1);
}

/** How far latents that `b` does not have stand above the last value of their row in `a`. */
function strangers(a: Answer, b: Answer): number {
  const { k, indices } = a.codes!;
  if (b.codes!.k !== k || indices.length !== b.codes!.indices.length) return Infinity;
  let most = 0;
  for (let row = 0; row < indices.length; row += k) {
    const theirs = new Set(Array.from({ length: k }, (_, i) => b.codes!.indices[row + i]!));
    const last = a.values[row + k - 1]!;
    for (let i = row; i < row + k; i++)
      // What is 0 after the ReLU names no latent: which one stands there is free.
      if (a.values[i]! > 0 && !theirs.has(indices[i]!)) most = Math.max(most, a.values[i]! - last);
  }
  return most;
}
