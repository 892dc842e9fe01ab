export interface Tolerance {
  /** Allowed |actual − expected| whatever the size. */
  absolute?: number;
  /** Allowed |actual − expected| ÷ the largest |expected| of the array: an error at one entry is judged by the array's scale. */
  relative?: number;
}

export interface Difference {
  maxAbsolute: number;
  meanAbsolute: number;
  /** maxAbsolute ÷ largest |expected|. */
  maxRelative: number;
  at: number;
}

export function difference(actual: ArrayLike<number>, expected: ArrayLike<number>): Difference {
  if (actual.length !== expected.length)
    throw new Error(`length ${actual.length}, expected ${expected.length}`);
  let maxAbsolute = 0;
  let sum = 0;
  let scale = 0;
  let at = -1;
  for (let i = 0; i < expected.length; i++) {
    if (Number.isNaN(expected[i]!) !== Number.isNaN(actual[i]!))
      throw new Error(`entry ${i} is ${actual[i]}, expected ${expected[i]}`);
    const error = Math.abs(actual[i]! - expected[i]!);
    if (!Number.isFinite(actual[i]!) && !Number.isNaN(actual[i]!) && actual[i] !== expected[i]) {
      throw new Error(`entry ${i} is ${actual[i]}, expected ${expected[i]}`);
    }
    if (error > maxAbsolute) {
      maxAbsolute = error;
      at = i;
    }
    if (!Number.isNaN(error)) sum += error;
    scale = Math.max(scale, Number.isFinite(expected[i]!) ? Math.abs(expected[i]!) : 0);
  }
  return {
    maxAbsolute,
    meanAbsolute: sum / Math.max(1, expected.length),
    maxRelative: maxAbsolute / (scale || 1),
    at,
  };
}

/** @throws Error naming the worst entry, when any differs by more than absolute + relative · max|expected|. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: Tolerance,
  what = 'values',
): void {
  const { absolute = 0, relative = 0 } = tolerance;
  const found = difference(actual, expected);
  const scale = found.maxRelative === 0 ? 0 : found.maxAbsolute / found.maxRelative;
  if (!(found.maxAbsolute <= absolute + relative * scale)) {
    throw new Error(
      `${what}: entry ${found.at} is ${actual[found.at]}, expected ${expected[found.at]} (off by ${found.maxAbsolute.toExponential(2)}, ` +
        `${found.maxRelative.toExponential(2)} of the largest; mean ${found.meanAbsolute.toExponential(2)})`,
    );
  }
}

export function expectEqual(actual: ArrayLike<number>, expected: ArrayLike<number>, what = 'values'): void {
  if (actual.length !== expected.length)
    throw new Error(`${what}: length ${actual.length}, expected ${expected.length}`);
  for (let i = 0; i < expected.length; i++) {
    if (actual[i] !== expected[i])
      throw new Error(`${what}: entry ${i} is ${actual[i]}, expected ${expected[i]}`);
  }
}
