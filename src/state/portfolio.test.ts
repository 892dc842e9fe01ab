import { expect, test } from 'vitest';
import type { ScanStatistics } from '../engine/protocol.ts';
import { arrangePortfolio, ownedRows, portfolio, type PortfolioFilter } from './portfolio.ts';

// Three latents over two heads; latent 2 is strongest on row 0, which does not count.
const shares = { heads: 2, shares: Float32Array.from([0.75, 0.25, 0.5, 0.5, 0.125, 0.875]) };
const codes = {
  offsets: Uint32Array.from([0, 1, 3, 4]),
  indices: Uint32Array.from([2, 0, 2, 0]),
  values: Float32Array.from([9, 2, 1, 3]),
};
const statistics = { tokens: 10, count: Uint32Array.from([5, 0, 1]) } as ScanStatistics;
const filter: PortfolioFilter = { owned: 'all', firesHere: false, search: '', sort: 'share' };

test('a head’s latents have their share, their strength here and how often they fire', () => {
  const rows = portfolio(shares, 1, codes, statistics);
  expect(rows).toEqual([
    { index: 0, share: 0.25, head: 1, here: 3, at: 2, density: 0.5 },
    { index: 1, share: 0.5, head: 1, here: 0, at: -1, density: 0 },
    { index: 2, share: 0.875, head: 1, here: 1, at: 1, density: 0.1 },
  ]);
  expect(portfolio(shares, null).map(({ head, share }) => [head, share])).toEqual([
    [0, 0.75],
    [0, 0.5],
    [1, 0.875],
  ]);
});

test('the list is filtered and sorted, ties by number', () => {
  const rows = portfolio(shares, 1, codes);
  const found = (part: Partial<PortfolioFilter>): number[] =>
    arrangePortfolio(rows, { ...filter, ...part }).map(({ index }) => index);
  expect(found({})).toEqual([2, 1, 0]);
  expect(found({ firesHere: true })).toEqual([2, 0]);
  expect(found({ sort: 'here' })).toEqual([0, 2, 1]);
  expect(found({ sort: 'index' })).toEqual([0, 1, 2]);
  expect(found({ search: '1' })).toEqual([1]);
});

test('a head owns what lies mostly in it, or the ten that lie most in it', () => {
  const rows = (all: number[]) => all.map((share, index) => ({ index, share, head: 0, here: 0, at: -1 }));
  // Exactly half is not more than half.
  const few = ownedRows(rows([0.5, 0.75, ...Array.from({ length: 20 }, (_, i) => i / 100)]));
  expect(few.half).toBe(1);
  expect(few.rows.map(({ index }) => index)).toEqual([1, 0, 21, 20, 19, 18, 17, 16, 15, 14]);
  const many = ownedRows(rows([0.5, ...Array.from({ length: 12 }, () => 0.75)]));
  expect([many.half, many.rows.length]).toEqual([12, 12]);
  const half = arrangePortfolio(rows([0.5, ...Array.from({ length: 12 }, () => 0.75)]), {
    ...filter,
    owned: 'owned',
  });
  expect(half.map(({ index }) => index)).not.toContain(0);
});
