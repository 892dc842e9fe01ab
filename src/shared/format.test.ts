import { expect, test } from 'vitest';
import * as format from './format.ts';

test('signs, zeros and absent numbers', () => {
  expect(format.formatFixed(-0.001)).toBe('0.00');
  expect(format.formatFixed(-1.5, 1)).toBe('−1.5');
  expect(format.formatFixed(NaN)).toBe('–');
  expect(format.formatFixed(-Infinity)).toBe('−∞');
  expect(format.formatSigned(0.25)).toBe('+0.25');
  expect(format.formatSigned(-0.25)).toBe('−0.25');
  expect(format.formatSigned(0.001)).toBe('0.00');
});

test('activations keep three digits', () => {
  expect([0, 0.0421, 1.2345, 12.345, 123.45, 0.00004].map(format.formatActivation)).toEqual([
    '0',
    '0.042',
    '1.23',
    '12.3',
    '123',
    '4.0e−5',
  ]);
});

test('units', () => {
  expect(format.formatBytes(0)).toBe('0\u00a0B');
  expect(format.formatBytes(2_400_000)).toBe('2.4\u00a0MB');
  expect(format.formatBytes(999_900)).toBe('1.0\u00a0MB');
  expect(format.formatPercent(0.00004)).toBe('0.004\u00a0%');
  expect(format.formatPercent(1)).toBe('100\u00a0%');
  expect(format.formatPercent(0)).toBe('0\u00a0%');
  expect(format.formatMs(3.21)).toBe('3.2\u00a0ms');
  expect(format.formatMs(1530)).toBe('1.5\u00a0s');
  expect(format.formatNats(1.234)).toBe('1.23\u00a0nats');
  expect(format.formatNats(0.00234)).toBe('0.0023\u00a0nats');
  expect(format.formatNats(0)).toBe('0.00\u00a0nats');
  expect(format.formatOneIn(0.0012)).toBe('1 in 833 tokens');
  expect(format.formatOneIn(0)).toBe('never');
});
