import fc from 'fast-check';
import { expect, test } from 'vitest';
import { scalingOf } from './rope-freqs.ts';

/** As transformers computes frequencies with and without scaling, whose ratio the file holds. */
function divisorsOf(theta: number, pairs: number, factor: number, low: number, high: number): Float32Array {
  return Float32Array.from({ length: pairs }, (_, i) => {
    const wavelength = 2 * Math.PI * theta ** (i / pairs);
    if (wavelength < 8192 / high) return 1;
    if (wavelength > 8192 / low) return factor;
    const smooth = (8192 / wavelength - low) / (high - low);
    return 1 / ((1 - smooth) / factor + smooth);
  });
}

test('Llama 3.2 and 3.1', () => {
  for (const factor of [32, 8]) {
    expect(scalingOf(divisorsOf(500_000, 32, factor, 1, 4), 500_000)).toEqual({
      rope_type: 'llama3',
      factor,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 8192,
    });
  }
});

test('no scaling', () => {
  expect(scalingOf(new Float32Array(32).fill(1), 10_000)).toBeNull();
});

test('other factors are found when two frequencies lie between them, else refused', () => {
  const number = fc.integer({ min: 1, max: 8 });
  fc.assert(
    fc.property(number, number, fc.integer({ min: 2, max: 64 }), (low, more, factor) => {
      const stored = divisorsOf(500_000, 64, factor, low, low + more);
      const between = stored.filter((divisor) => divisor > 1 && divisor < factor).length;
      if (between < 2) {
        expect(() => scalingOf(stored, 500_000)).toThrow('unknown way');
        return;
      }
      const found = scalingOf(stored, 500_000)!;
      const again = divisorsOf(500_000, 64, found.factor, found.low_freq_factor, found.high_freq_factor);
      for (const [i, divisor] of again.entries()) expect(divisor / stored[i]!).toBeCloseTo(1, 3);
    }),
  );
});
