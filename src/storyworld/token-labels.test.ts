import fc from 'fast-check';
import { expect, test } from 'vitest';
import { generate } from './generate.ts';
import { isReference, labelPairs, labelTokens } from './token-labels.ts';
import type { Item } from './types.ts';

const item: Item = {
  register: 'stories',
  text: 'One  day\n\n , she ran',
  spans: [
    { start: 0, end: 3, labels: { slot: 'a' } },
    { start: 3, end: 8, labels: { slot: 'b' } },
    { start: 8, end: 10, labels: { slot: 'c' } },
    { start: 10, end: 12, labels: { slot: 'd' } },
    { start: 12, end: 16, labels: { slot: 'e' } },
    { start: 16, end: 20, labels: { slot: 'f' } },
  ],
  tasks: [],
};
const slots = (...ranges: [number, number][]) =>
  labelTokens(
    item,
    ranges.map(([start, end]) => ({ start, end })),
  ).map(({ slot }) => slot);

test('a token takes the piece of its first visible code unit', () => {
  expect(slots([0, 3], [3, 8], [8, 10], [10, 12], [12, 16], [16, 20])).toEqual([
    'a',
    'b',
    'c',
    'd',
    'e',
    'f',
  ]);
  expect(slots([1, 2], [4, 6], [6, 8])).toEqual(['a', 'b', 'b']);
  // Over a border: white space in front does not count.
  expect(slots([2, 7], [8, 12], [9, 11], [10, 14], [15, 20])).toEqual(['a', 'd', 'c', 'd', 'e']);
});

test('a token of white space takes the piece of its first code unit', () => {
  expect(slots([3, 5], [8, 9], [9, 11], [8, 11], [16, 17])).toEqual(['b', 'c', 'c', 'c', 'f']);
});

test('a token that covers no text has no labels; one that hangs out is cut', () => {
  expect(
    labelTokens(item, [
      { start: 0, end: 0 },
      { start: 5, end: 5 },
      { start: 20, end: 21 },
    ]),
  ).toEqual([{}, {}, {}]);
  expect(
    labelTokens(item, [
      { start: -4, end: 0 },
      { start: 7, end: 6 },
      { start: 99, end: 120 },
    ]),
  ).toEqual([{}, {}, {}]);
  expect(slots([-2, 2], [18, 40])).toEqual(['a', 'f']);
  expect(labelTokens({ ...item, text: '', spans: [] }, [{ start: 0, end: 1 }])).toEqual([{}]);
  expect(labelTokens(item, [])).toEqual([]);
});

test('order does not matter, and records are not shared with the item', () => {
  expect(slots([16, 20], [0, 3], [12, 16], [3, 8])).toEqual(['f', 'a', 'e', 'b']);
  const [first, second] = labelTokens(item, [
    { start: 0, end: 1 },
    { start: 1, end: 2 },
  ]);
  first!.slot = 'changed';
  expect(second!.slot).toBe('a');
  expect(item.spans[0]!.labels.slot).toBe('a');
});

test('agrees with a search through all pieces, for any cut of any text', () => {
  fc.assert(
    fc.property(
      fc.nat(),
      fc.nat(),
      fc.array(fc.tuple(fc.nat(400), fc.integer({ min: 0, max: 9 }))),
      (seed, index, cuts) => {
        const made = generate(seed, index);
        const tokens = cuts.map(([start, length]) => ({ start, end: start + length }));
        const expected = tokens.map(({ start, end }) => {
          const units = made.text.slice(start, end).split('');
          if (units.length === 0) return {};
          const visible = units.findIndex((unit) => unit.trim() !== '');
          const at = start + Math.max(0, visible);
          return made.spans.find((span) => span.start <= at && at < span.end)!.labels;
        });
        expect(labelTokens(made, tokens)).toEqual(expected);
      },
    ),
  );
});

test('pairs of a name and a value; not those of names whose values are places of the text', () => {
  expect(isReference('repeatOf')).toBe(true);
  expect(labelPairs({ slot: 'word', repeatOf: 17, quoteDepth: 0, closes: '(' })).toEqual([
    'slot=word',
    'quoteDepth=0',
    'closes=(',
  ]);
});
