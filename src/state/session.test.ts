import { expect, test } from 'vitest';
import { MAX_NAME } from './recipe-file.ts';
import { freeName } from './session.ts';

test('a recipe of a session keeps its name, or takes one that is free', () => {
  expect(freeName('calm', new Set())).toBe('calm');
  expect(freeName('calm', new Set(['calm']))).toBe('calm (2)');
  expect(freeName('calm', new Set(['calm', 'calm (2)']))).toBe('calm (3)');
  const long = 'x'.repeat(MAX_NAME);
  expect(freeName(long, new Set([long]))).toHaveLength(MAX_NAME);
});
