import { expect, test } from 'vitest';
import { chooseWindow } from './window.ts';

test.each([
  [0, 0, 255, { start: 0, count: 0 }],
  [10, 0, 255, { start: 0, count: 10 }],
  [10, 7, 255, { start: 0, count: 10 }],
  [300, 0, 255, { start: 0, count: 255 }],
  [300, 20, 255, { start: 20, count: 255 }],
  [300, 1000, 255, { start: 45, count: 255 }],
  [300, -5, 255, { start: 0, count: 255 }],
  [300, NaN, 255, { start: 0, count: 255 }],
  [300, 3.9, 255, { start: 3, count: 255 }],
])('%i tokens from %d with room for %i', (total, start, room, expected) => {
  expect(chooseWindow(total, start, room)).toEqual(expected);
});
