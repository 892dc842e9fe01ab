import { describe, expect, test } from 'vitest';
import { contrast, drawn, linear, themes } from '../../testing/theme-colours.ts';
import { activationRatio, activationTint, attributionTint, effectTint } from './colour.ts';

const steps = Array.from({ length: 41 }, (_, i) => i / 40);

describe.each(Object.entries(themes))('%s theme', (_, theme) => {
  test('ink is readable on every step of every scale', () => {
    const ink = linear(theme, '--ink');
    for (const step of steps) {
      for (const tint of [activationTint(step), attributionTint(step), effectTint(step), effectTint(-step)]) {
        expect(contrast(ink, drawn(theme, tint)), tint).toBeGreaterThanOrEqual(4.5);
      }
    }
  });

  test('text colours are readable on what they are written on', () => {
    for (const [ink, ground] of [
      ['--ink', '--page'],
      ['--ink', '--surface-sunk'],
      ['--ink', '--accent-soft'],
      ['--ink-quiet', '--surface'],
      ['--ink-quiet', '--page'],
      ['--ink-quiet', '--surface-sunk'],
      ['--ink-quiet', '--surface-raised'],
      ['--accent', '--surface'],
      ['--accent', '--page'],
      ['--accent', '--accent-soft'],
      ['--accent-ink', '--accent'],
      ['--warning', '--warning-soft'],
      ['--danger', '--danger-soft'],
      ['--danger', '--surface'],
    ] as const) {
      const ratio = contrast(linear(theme, ink), linear(theme, ground));
      expect(ratio, `${ink} on ${ground}`).toBeGreaterThanOrEqual(4.5);
    }
  });

  test('marks and control edges stand out from the surface', () => {
    for (const name of [
      '--activation-mark',
      '--attribution-mark',
      '--effect-positive-mark',
      '--effect-negative-mark',
      '--line-strong',
      '--accent',
    ]) {
      expect(contrast(linear(theme, name), linear(theme, '--surface')), name).toBeGreaterThanOrEqual(3);
    }
  });

  test('steps grow apart from the surface, so lightness alone tells more from less', () => {
    const ratios = steps.map((step) =>
      contrast(drawn(theme, activationTint(step)), linear(theme, '--surface')),
    );
    for (let i = 1; i < ratios.length; i++) expect(ratios[i]!).toBeGreaterThan(ratios[i - 1]!);
  });
});

test('the ratio is 0 for nothing, 1 for the maximum, and never outside', () => {
  expect(activationRatio(0, 5)).toBe(0);
  expect(activationRatio(5, 5)).toBe(1);
  expect(activationRatio(50, 5)).toBe(1);
  expect(activationRatio(-1, 5)).toBe(0);
  expect(activationRatio(1, 0)).toBe(0);
  expect(activationRatio(NaN, 5)).toBe(0);
  expect(activationTint(0)).toBe('transparent');
});
