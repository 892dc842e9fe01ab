import { expect, test } from 'vitest';
import {
  cellAt,
  GUTTER,
  largestIn,
  layoutOf,
  lineOf,
  patternPixels,
  rowsInSight,
  sinkShare,
  STEPS,
  stepOf,
} from './pattern-pixels.ts';

// Rows of a causal pattern; what is masked holds a number that must never show.
const pattern = new Float32Array([
  1, 9, 9, 9,
  0.7, 0.3, 9, 9,
  0.6, 0.3, 0.1, 9,
  0.8, 0.05, 0.1, 0.05,
]); // oxfmt-ignore
const up = Uint32Array.from({ length: STEPS }, (_, step) => 1000 + step);
const down = Uint32Array.from({ length: STEPS }, (_, step) => 5000 + step);

test('the scale never sees what the mask hides, and can leave out the first token', () => {
  expect(largestIn(pattern, 4, false)).toBe(1);
  expect(largestIn(pattern, 4, true)).toBeCloseTo(0.3, 6);
  expect(largestIn(new Float32Array([1]), 1, true)).toBe(0);
  expect(sinkShare(pattern, 4)).toBeCloseTo(0.7, 6);
  expect(sinkShare(new Float32Array([1]), 1)).toBeNaN();
});

test('a line is a row one way and a column the other', () => {
  expect([...lineOf(pattern, 4, 2, 'keys')]).toEqual([pattern[8], pattern[9], pattern[10], NaN]);
  expect([...lineOf(pattern, 4, 1, 'queries')]).toEqual([NaN, pattern[5], pattern[9], pattern[13]]);
});

test('steps are 0 at 0, full at the largest and beyond, and keep the sign', () => {
  const scale = { max: 2, signed: true };
  expect(stepOf(0, scale)).toBe(0);
  expect(stepOf(2, scale)).toBe(STEPS - 1);
  expect(stepOf(-5, scale)).toBe(-(STEPS - 1));
  expect(stepOf(0.1, scale)).toBeGreaterThan(0);
});

test('one pixel a cell below the diagonal, none above', () => {
  const pixels = patternPixels(pattern, 4, 1, { max: 1, signed: false }, { up, down });
  expect(pixels).toHaveLength(16);
  expect([pixels[1], pixels[2], pixels[3], pixels[6], pixels[7], pixels[11]]).toEqual([0, 0, 0, 0, 0, 0]);
  expect(pixels[0]).toBe(1000 + STEPS - 1);
  expect(pixels[4]).toBe(1000 + stepOf(pattern[4]!, { max: 1, signed: false }));
});

test('pooled pixels keep the largest of their cells, whichever its sign', () => {
  const signed = new Float32Array([-3, 9, 9, 1, 2, 9, -1, 0, 0]);
  const pixels = patternPixels(signed, 3, 2, { max: 3, signed: true }, { up, down });
  expect(pixels).toHaveLength(4);
  expect(pixels[0]).toBe(5000 + STEPS - 1);
  expect(pixels[1]).toBe(0);
  expect(pixels[2]).toBe(5000 - stepOf(-1, { max: 3, signed: true }));
  expect(pixels[3]).toBe(1000);
});

test('names are drawn where a cell has room for them, and a zoomed map is larger than its frame', () => {
  expect(layoutOf(20, 500, 1)).toMatchObject({ gutter: GUTTER, cell: (500 - GUTTER) / 20 });
  expect(layoutOf(1024, 500, 1)).toEqual({ gutter: 0, cell: 500 / 1024, extent: 500 });
  expect(layoutOf(1024, 500, 32).gutter).toBe(GUTTER);
  expect(layoutOf(2, 900, 1).cell).toBeLessThan(60);
});

test('a point of the frame is a cell of the pattern, wherever it is scrolled to', () => {
  const layout = { cell: 10, gutter: 20, extent: 120 };
  expect(cellAt(layout, 10, 25, 45, { left: 0, top: 0 })).toEqual({ query: 2, key: 0 });
  expect(cellAt(layout, 10, 25, 45, { left: 30, top: 10 })).toEqual({ query: 3, key: 3 });
  expect(cellAt(layout, 10, 10, 45, { left: 0, top: 0 })).toBeUndefined();
  expect(cellAt(layout, 10, 125, 45, { left: 0, top: 0 })).toBeUndefined();
});

test('only what is in sight is named and numbered, up to the cells that are cut off', () => {
  expect(rowsInSight(0, 400, 40, 200)).toEqual([0, 10]);
  expect(rowsInSight(430, 400, 40, 200)).toEqual([10, 20]);
  expect(rowsInSight(7_900, 400, 40, 200)).toEqual([197, 199]);
  expect(rowsInSight(0, 400, 40, 3)).toEqual([0, 2]);
});
