import { FacetError } from '../../shared/errors.ts';

/** An answer that is wrong: no time is given for it. */
export function wrong(what: string): FacetError {
  return new FacetError('bug', `The answer is wrong: ${what}.`, {
    hint: 'This adapter or its driver computes something else here; no time is shown.',
  });
}

/**
 * @param relative allowed difference as a share of the largest expected size
 * @throws FacetError `bug`
 */
export function mustAgree(
  what: string,
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  relative: number,
): void {
  if (actual.length !== expected.length)
    throw wrong(`${what} has ${actual.length} values, not ${expected.length}`);
  let [most, size] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    const off = Math.abs(actual[i]! - expected[i]!);
    // What is no number is off by any measure.
    most = off >= 0 ? Math.max(most, off) : Infinity;
    size = Math.max(size, Math.abs(expected[i]!));
  }
  if (!(most <= relative * size))
    throw wrong(`${what} is off by ${most.toPrecision(2)}, where values reach ${size.toPrecision(2)}`);
}
