import { expect, test } from 'vitest';
import type { Analysis, Side } from '../../engine/protocol.ts';
import { lossesOf, moversTable, nextRows, nextTable, tokensTable } from './next-rows.ts';
import { featureMatches } from './recipe-search.ts';

const side = (next: [id: number, p: number][], part: Partial<Side> = {}): Side => ({
  loss: Float32Array.of(NaN, 1, 2),
  kl: new Float32Array(3),
  next: {
    ids: Uint32Array.from(next, ([id]) => id),
    texts: next.map(([id]) => `t${id}`),
    probs: Float32Array.from(next, ([, p]) => p),
  },
  movers: [],
  ...part,
});

const base = side([
  [1, 0.5],
  [2, 0.25],
  [3, 0.125],
]);
const steered = side(
  [
    [4, 0.75],
    [1, 0.125],
    [5, 0.0625],
  ],
  { movers: [{ id: 4, text: 't4', before: 0.03125, after: 0.75 }] },
);

test('both sides of each token, from the lists or from what moves', () => {
  const rows = nextRows({ base, steered }, 2);
  // The base's keep their places, whatever becomes of them.
  expect(rows.map(({ id }) => id)).toEqual([1, 2, 4]);
  expect(rows[0]).toMatchObject({ base: { p: 0.5 }, steered: { p: 0.125, below: false } });
  // At most the least of the list.
  expect(rows[1]).toMatchObject({ steered: { p: 0.0625, below: true } });
  // Not among the likeliest as is, but known as it moves.
  expect(rows[2]).toMatchObject({ base: { p: 0.03125, below: false }, steered: { p: 0.75, below: false } });
  expect(rows[2]!.frozen).toBeUndefined();
});

test('a third side, and what is not known is no number in a file', () => {
  const rows = nextRows({ base, steered, frozen: side([[9, 0.9]]) }, 2);
  // What two sides bring is there once, by the larger.
  expect(rows.map(({ id }) => id)).toEqual([1, 2, 9, 4]);
  expect(rows[2]).toMatchObject({ frozen: { p: expect.closeTo(0.9) as number }, base: { below: true } });
  const table = nextTable(rows);
  expect(table.columns).toHaveLength(5);
  expect(table.rows[2]).toEqual(['t9', 9, null, null, expect.closeTo(0.9)]);
  expect(nextTable(nextRows({ base, steered }, 2)).columns).toHaveLength(4);
  expect(moversTable(steered).rows).toEqual([['t4', 4, 0.03125, 0.75, 0.71875]]);
});

test('losses over the rows that have one; KL from the first that moves', () => {
  const moved = side([], { loss: Float32Array.of(NaN, 2, 4), kl: Float32Array.of(0, 0.5, 0.25) });
  expect(lossesOf({ base, steered: moved })).toEqual({
    base: 1.5,
    steered: 3,
    tokens: 2,
    kl: 0.375,
    first: 1,
  });
  expect(lossesOf({ base, steered, frozen: moved })).toMatchObject({ frozen: 3, first: undefined, kl: NaN });
});

test('the table of tokens has what was not measured as none', () => {
  const table = tokensTable({ tokens: ['<s>', 'a', 'b'], base, steered }, (row) => row + 10, [
    false,
    true,
    false,
  ]);
  expect(table.rows[0]).toEqual([10, '<s>', 'no', null, null, 0]);
  expect(table.rows[1]).toEqual([11, 'a', 'yes', 1, 1, 0]);
});

test('features by number, by the words of a label, and without a search by strength', () => {
  const analysis = {
    prefix: 1,
    windowStart: 0,
    windowTokens: 2,
    tokens: [{}, {}, {}],
    codes: {
      offsets: Uint32Array.of(0, 1, 3, 4),
      indices: Uint32Array.of(40, 12, 7, 12),
      values: Float32Array.of(99, 1, 3, 1),
    },
  } as unknown as Analysis;
  const known = {
    analysis,
    labels: { 12: { index: 12, promoted: [' Anna', ' Max'] } },
    statistics: { topTokens: Array.from({ length: 50 }, (_, i) => (i === 31 ? ' map' : '')) } as never,
    selection: [],
    active: null,
    dSae: 50,
  };
  const search = (text: string, part = {}): number[] =>
    featureMatches({ ...known, search: text, ...part }, 3);
  expect(search('')).toEqual([7, 12]);
  expect(search('', { active: 2 })).toEqual([12]);
  // What fires here comes first.
  expect(search('1')).toEqual([12, 1, 10]);
  expect(search('#12')).toEqual([12]);
  expect(search('ma')).toEqual([12, 31]);
  expect(search('zebra')).toEqual([]);
});
