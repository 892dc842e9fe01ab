import * as v from 'valibot';
import { expect, test } from 'vitest';
import { benchWorkloads } from '../../src/engine/bench/workloads.ts';
import { markdownOf } from './markdown.ts';
import { inOrder, ratiosAmong, type Results, resultsSchema } from './results.ts';
import type { Outcome } from './rounds.ts';
import { scriptingMs } from './scripting.ts';
import { spreadOf } from './statistics.ts';
import { partOf, PARTS } from './targets.ts';

const outcome = (name: string, times: number[], more: Partial<Outcome> = {}): Outcome => ({
  name,
  kind: 'webgpu',
  ours: false,
  part: false,
  times,
  refused: {},
  ...more,
});
const workload = (id: string) => benchWorkloads.find((each) => each.id === id)!;

const OUTCOMES = [
  outcome('a | slow <one>', [200, 300]),
  outcome('fast', [100, 50]),
  outcome('elsewhere', [1, 1], { kind: 'cpu' }),
  outcome('ours', [10, 10], { ours: true }),
  outcome('ours: matmul', [10, 5], { ours: true, part: true }),
  outcome('broken', [], { refused: { only: 'no | such <operator>' } }),
];

test('ratios are taken round by round, within a kind; the fastest other counts', () => {
  const ratios = ratiosAmong(workload('encode-64'), OUTCOMES);
  expect(ratios.map(({ against, of, value, reached }) => [against, of, value.median, reached])).toEqual([
    ['a | slow <one>', 'speed', 25, undefined],
    ['fast', 'speed', 7.5, false],
    ['ours: matmul', 'share', 1.5, false],
  ]);
});

test('targets that are met are reached', () => {
  const [ratio] = ratiosAmong(workload('block-64'), [
    outcome('fast', [60]),
    outcome('ours', [10], { ours: true }),
  ]);
  expect(ratio).toMatchObject({ target: { bound: 'least', value: 6 }, reached: true });
});

test('every workload belongs to a part', () => {
  for (const each of benchWorkloads) expect(PARTS).toHaveProperty(partOf(each));
});

const RESULTS: Results = {
  version: 1,
  machine: { processor: 'Some | <CPU>', cores: 2, memoryBytes: 2 ** 34, system: 'Linux 6' },
  browser: 'Chromium 1',
  packages: { 'onnxruntime-web': '1.30.0' },
  workloads: [
    {
      id: 'encode-64',
      date: '2026-01-02T03:04:05.000Z',
      load: [0.1, 0.2, 0.3],
      seconds: 12,
      adapter: 'software',
      outcomes: OUTCOMES.map((each) => ({
        ...each,
        ...(each.times.length > 0 && { ms: spreadOf(each.times) }),
      })),
      ratios: ratiosAmong(workload('encode-64'), OUTCOMES),
    },
  ],
  cold: [
    {
      backend: 'cpu',
      date: '2026-01-02T03:04:05.000Z',
      load: [0, 0, 0],
      rounds: 1,
      firstPaintMs: spreadOf([100]),
      firstFeaturesMs: spreadOf([900]),
      scriptingMs: spreadOf([1_600]),
      scriptBytes: 150_000,
    },
  ],
};

test('what is written is what the schema says', () => {
  expect(v.parse(resultsSchema, JSON.parse(JSON.stringify(RESULTS))).workloads[0]!.ratios).toHaveLength(3);
  expect(v.is(resultsSchema, { ...RESULTS, cold: [{ ...RESULTS.cold[0], rounds: null }] })).toBe(false);
});

test('the table says what was reached, and cells stay cells', () => {
  const text = markdownOf(RESULTS);
  expect(text).toContain('| ours | **fast** | speed | 7.5 (6.3–8.8) | ≥ 10: short |');
  expect(text).toContain('| ours | ours: matmul | share | 1.5 (1.3–1.8) | ≤ 1.25: short |');
  expect(text).toContain(
    '| cpu | 1 | 100 (100–100) | 900 (900–900) | 1600 (1600–1600) | ≤ 1,500 ms: short | 150000 | ≤ 200 kB: reached |',
  );
  expect(text).toContain('- broken, only: no such operator');
  const tables = text.split('\n').filter((line) => line.startsWith('|'));
  const widths = new Set(tables.map((line) => line.split('|').length));
  expect([...widths].sort()).toEqual([10, 7]);
});

test('workloads keep the order of the list', () => {
  const [one] = RESULTS.workloads;
  const ids = inOrder([{ ...one!, id: 'decode-64' }, one!, { ...one!, id: 'block-64' }]).map(({ id }) => id);
  expect(ids).toEqual(['block-64', 'encode-64', 'decode-64']);
});

test('scripting counts what is inside something counted once, by the clock of its thread, and all that workers do', () => {
  const event = (name: string, tid: number, ts: number, dur: number, tdur?: number) =>
    ({ name, ph: 'X', pid: 1, tid, ts, dur, tdur }); // oxfmt-ignore
  const events = [
    event('FunctionCall', 1, 1_000, 2_000, 1_500),
    event('RunMicrotasks', 1, 2_000, 500, 500),
    event('Paint', 1, 5_000, 9_000),
    event('FunctionCall', 2, 1_000, 2_000),
    event('EvaluateScript', 1, 0, 1_000),
    event('ThreadControllerImpl::RunTask', 1, 20_000, 4_000),
    event('ThreadControllerImpl::RunTask', 3, 20_000, 4_000, 250),
    event('FunctionCall', 3, 21_000, 1_000, 100),
    { name: 'thread_name', ph: 'M', pid: 1, tid: 3, ts: 0, args: { name: 'DedicatedWorker thread' } },
  ];
  expect(scriptingMs(events)).toBe(4.75);
});
