import * as v from 'valibot';
import { expect, test } from 'vitest';
import type { Analysis, OpenedModel, ScanStatistics } from '../engine/protocol.ts';
import { recipeSchema, type RecipeStep } from './recipe.ts';
import {
  ablateStep,
  addStep,
  amountOf,
  chosenScope,
  kindsOf,
  meanWhenActive,
  moved,
  patchText,
  rowsActedOn,
  subjectOf,
  unitOf,
  withAmount,
  withKind,
  withSteps,
} from './recipe-steps.ts';

const opened = { dictionary: { id: 'a', digest: 'd' } } as unknown as OpenedModel;
const statistics = {
  dictionaryDigest: 'd',
  tokens: 18_320,
  count: Uint32Array.of(0, 4),
  sum: Float64Array.of(0, 10),
  max: Float32Array.of(0, 8.4123),
} as ScanStatistics;
// Row 0 holds the largest value of all, which is not counted.
const analysis = {
  dictionaryDigest: 'd',
  windowTokens: 2,
  codes: {
    offsets: Uint32Array.of(0, 1, 2, 3),
    indices: Uint32Array.of(1, 1, 1),
    values: Float32Array.of(90, 2, 3),
  },
} as unknown as Analysis;

test('1 stands for the largest activation: on the sample, else on the text, else for nothing known', () => {
  expect(unitOf({ opened, statistics, analysis }, 'a', 1)).toEqual({
    unit: 8.412,
    of: 'sample',
    tokens: 18_320,
  });
  expect(unitOf({ opened, analysis }, 'a', 1)).toEqual({ unit: 3, of: 'text', tokens: 2 });
  expect(unitOf({ opened, statistics, analysis }, 'a', 0)).toEqual({ unit: 1, of: 'nothing', tokens: 0 });
  expect(unitOf({ opened, statistics, analysis }, 'b', 1).of).toBe('nothing');
  expect(unitOf({ opened, statistics: { ...statistics, dictionaryDigest: 'e' } }, 'a', 1).of).toBe('nothing');
});

test('the mean when active, on the sample or the text', () => {
  expect(meanWhenActive({ opened, statistics, analysis }, 'a', 1)).toBe(2.5);
  expect(meanWhenActive({ opened, analysis }, 'a', 1)).toBe(2.5);
  expect(meanWhenActive({ opened, statistics, analysis }, 'a', 0)).toBeNaN();
  expect(meanWhenActive({ opened, statistics, analysis }, 'b', 1)).toBeNaN();
});

test('every way of changing a subject is one the link can hold, and goes back to what it was', () => {
  const latent = { ...addStep({ opened, statistics }, 'a', 1), strength: 2, off: true } as RecipeStep;
  const head = ablateStep({ kind: 'head', layer: 1, head: 2 });
  const hook: RecipeStep = { ...ablateStep({ kind: 'hook', hook: 'blocks.0.hook_mlp_out' }), off: true };
  for (const step of [latent, head, hook]) {
    for (const kind of kindsOf(subjectOf(step))) {
      const changed = withKind(step, kind, 5, 'A tale');
      expect(changed.kind).toBe(kind);
      expect(subjectOf(changed)).toEqual(subjectOf(step));
      expect(changed.off).toBe(step.off);
      expect(changed.scope).toEqual(step.scope);
      expect(v.is(recipeSchema, [changed])).toBe(true);
    }
  }
  expect(withKind(latent, 'clamp', 5, '')).toMatchObject({ strength: 2, unit: 8.412 });
  expect(withKind(withKind(latent, 'scale', 5, ''), 'add', 5, '')).toMatchObject({ strength: 1, unit: 5 });
  // What cannot be done to it leaves it as it is.
  expect(withKind(latent, 'patch', 5, '')).toBe(latent);
  expect(withKind(head, 'add', 5, '')).toBe(head);
});

test('amounts', () => {
  const step = addStep({ opened }, 'a', 1);
  expect(amountOf(withAmount(step, -2))).toBe(-2);
  expect(amountOf(withAmount(withKind(step, 'scale', 1, ''), 0.5))).toBe(0.5);
  const without = ablateStep({ kind: 'head', layer: 0, head: 0 });
  expect(amountOf(without)).toBeUndefined();
  expect(withAmount(without, 3)).toBe(without);
});

test('a text to patch from is cut at a whole character', () => {
  expect(patchText(`${'a'.repeat(1999)}😀`)).toBe('a'.repeat(1999));
  expect(patchText('a\uD800b').isWellFormed()).toBe(true);
  expect(patchText('short')).toBe('short');
});

test('order', () => {
  expect(moved([1, 2, 3], 0, 2)).toEqual([2, 3, 1]);
  expect(moved([1, 2, 3], 2, 1)).toEqual([1, 3, 2]);
});

test('chosen tokens: the brushed, else the active one', () => {
  expect(chosenScope([[2, 4]], 9)).toEqual({ kind: 'tokens', ranges: [[2, 4]] });
  expect(chosenScope([], 9)).toEqual({ kind: 'tokens', ranges: [[9, 9]] });
  expect(chosenScope([], null)).toBeUndefined();
  const many = Array.from({ length: 40 }, (_, i): [number, number] => [2 * i, 2 * i]);
  expect(v.is(recipeSchema, [{ ...addStep({ opened }, 'a', 1), scope: chosenScope(many, null)! }])).toBe(
    true,
  );
});

test('rows that steps act on', () => {
  const window = { prefix: 1, windowStart: 0, windowTokens: 4 };
  const special = [true, false, false, true, false];
  const on = (scope: RecipeStep['scope'], off?: true): string =>
    rowsActedOn([{ ...addStep({ opened }, 'a', 1), scope, ...(off && { off }) }], window, special)
      .map(Number)
      .join('');
  expect(on({ kind: 'text' })).toBe('01101');
  expect(on({ kind: 'prompt' })).toBe('01101');
  expect(on({ kind: 'all' })).toBe('11111');
  expect(on({ kind: 'special' })).toBe('10010');
  expect(on({ kind: 'generated' })).toBe('00000');
  expect(on({ kind: 'tokens', ranges: [[0, 1]] })).toBe('11000');
  expect(on({ kind: 'tokens', ranges: [[3, 9]] })).toBe('00011');
  expect(on({ kind: 'all' }, true)).toBe('00000');
});

test('what is in the recipe is not added once more', () => {
  const steer = [addStep({ opened }, 'a', 1)];
  const added = [addStep({ opened }, 'a', 1), addStep({ opened }, 'b', 1), addStep({ opened }, 'b', 1)];
  expect(withSteps(steer, added)).toEqual([steer[0], added[1]]);
});
