import { expect, test } from 'vitest';
import { benchWorkloads } from '../../engine/bench/workloads.ts';
import { TUNED_OPS } from '../../gpu/tune/ops/index.ts';
import type { SpeedResults } from '../../exchange/speed-results.ts';
import {
  amountText,
  GROUPS,
  opName,
  placedRows,
  progressText,
  ratioTo,
  sizesText,
  timesTable,
  timeText,
  waitingText,
} from './words.ts';

const timed = (id: string, median: number) => ({
  id,
  checked: '',
  repeats: 1,
  ms: { median, lower: median / 2, upper: median * 2 },
  flops: 4e9,
  bytes: 1e9,
});
const results: SpeedResults = {
  made: 0,
  browser: '',
  backend: 'webgpu',
  adapter: { vendor: '', architecture: '', description: '', software: false },
  clock: 'device',
  model: { id: 'm', digest: '' },
  rounds: 7,
  roof: { bytesPerSecond: 1e11, flopsPerSecond: 1e12 },
  rows: [timed('decode-64', 20), { id: 'block-64', failure: 'no room' }, timed('unheard-of', 1)],
};

test('times and amounts have three digits and the unit that suits', () => {
  expect([0.0123, 0.9996, 1, 12.34, 999.4, 999.6, 12_345, NaN].map(timeText)).toEqual([
    '12.3 µs', '1.00 ms', '1.00 ms', '12.3 ms', '999 ms', '1.00 s', '12.3 s', '–',
  ].map((text) => text.replace(' ', '\u00a0'))); // oxfmt-ignore
  expect([0, 7, 999, 1000, 2_416_000_000, 4e12].map(amountText)).toEqual([
    '0', '7', '999', '1.00 k', '2.42 G', '4.00 T',
  ].map((text) => text.replace(' ', '\u00a0'))); // oxfmt-ignore
});

test('the table has every figure in full, its share of the roof, and what stands beside', () => {
  const { columns, rows } = timesTable(results, benchWorkloads, {
    ...results,
    rows: [timed('decode-64', 40)],
  });
  const of = (row: number, column: string) => rows[row]![columns.indexOf(column)];
  for (const row of rows) expect(row).toHaveLength(columns.length);
  expect(of(0, 'median, ms')).toBe(20);
  expect(of(0, 'GFLOP/s')).toBe(200);
  expect(of(0, 'GB/s')).toBe(50);
  // 1 GB at 100 GB/s takes 10 ms of 20; the 4 GFLOP would take 4.
  expect(of(0, 'share of the roof')).toBe(0.5);
  expect(of(0, 'bound by')).toBe('bandwidth');
  expect(of(0, 'ratio to that')).toBe(0.5);
  expect(of(1, 'failure')).toBe('no room');
  expect(of(1, 'median, ms')).toBeNull();
  expect([of(2, 'what'), of(2, 'ratio to that')]).toEqual(['unheard-of', null]);
});

test('only what has a time is on the chart', () => {
  expect(placedRows(results, benchWorkloads).map(({ row }) => row.id)).toEqual(['decode-64', 'unheard-of']);
});

test('every kind of workload is in one group, and every ratio is named', () => {
  const listed = GROUPS.flatMap(({ kinds }) => kinds);
  for (const { shape, beside } of benchWorkloads) {
    expect(listed.filter((kind) => kind === shape.kind)).toHaveLength(1);
    if (beside) expect(ratioTo(benchWorkloads, beside)).not.toBe(beside);
  }
});

test('progress says what, how far and how long', () => {
  const at = { what: 'Encode', done: 2, total: 9 };
  expect(progressText({ ...at, stage: 'check' })).toBe('Checking the answer: Encode (3 of 9) …');
  expect(progressText({ ...at, stage: 'rounds', secondsLeft: 40 })).toBe(
    'Timing: Encode (3 of 9, 40\u00a0s left) …',
  );
});

test('a class of sizes is named by the power of two it goes up to', () => {
  expect(sizesText({ rows: 33, k: 64, layout: 'kn', n: 1 })).toBe('rows ≤ 64, k ≤ 64, layout kn, n ≤ 1');
  expect(sizesText({ n: 2_049 })).toMatch(/^n ≤ 4.096$/);
});

test('every op that is tuned has a name', () => {
  for (const { id } of TUNED_OPS) expect(opName(id)).not.toBe(id);
});

test('what is to be measured is said', () => {
  const report = { on: true, able: true, waiting: 0, classes: [] };
  const found = { op: 'matmul', asked: { rows: 1 }, usual: 'tiled', chosen: 'quad', ratio: 0.5 };
  expect(waitingText(report)).toContain('Nothing has run');
  expect(waitingText({ ...report, waiting: 1 })).toContain('1 class of');
  expect(waitingText({ ...report, waiting: 2, classes: [found] })).toContain('2 classes of');
  expect(waitingText({ ...report, classes: [found] })).toContain('was measured');
  expect(waitingText({ ...report, on: false, waiting: 3 })).toContain('nothing is measured');
});
