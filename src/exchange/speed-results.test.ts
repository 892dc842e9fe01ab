import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { BenchRun } from '../engine/protocol.ts';
import { benchWorkloads } from '../engine/bench/workloads.ts';
import {
  browserName,
  deviceName,
  readSpeed,
  resultsOf,
  type SpeedResults,
  speedMarkdown,
  writeSpeed,
  writeSpeedShort,
} from './speed-results.ts';

const ms = { median: 12.345_678, lower: 12, upper: 13.5 };
const run: BenchRun = {
  backend: 'webgpu',
  adapter: { vendor: 'acme', architecture: 'x1', description: '', software: false },
  clock: 'device',
  model: { id: 'storyworld-2m', digest: '0123456789abcdef' },
  rounds: 7,
  roof: { bytesPerSecond: 1e11, flopsPerSecond: 1e12 },
  rows: [
    { id: 'encoder-matmul-64', checked: 'all', repeats: 2, flops: 2.4e9, bytes: 8.2e7, ms, kernels: [{ kernel: 'matmul_tiled', dispatches: 1, ms: 12, flops: 2.4e9, bytes: 8.2e7 }] },
    {
      id: 'encode-64', checked: 'all', repeats: 2, flops: 2.4e9, bytes: 8.2e7, ms,
      ratio: { to: 'encoder-matmul-64', median: 1.1, lower: 1.05, upper: 1.2 },
    },
    { id: 'forward-smollm2', failure: { code: 'out-of-memory', message: 'The GPU has no room.' } },
    { id: 'decode-64', checked: 'all', repeats: 1, flops: 1, bytes: 1 },
  ],
}; // oxfmt-ignore
const results = resultsOf(run, 1_795_000_000_000, 'Chrome 142 on Linux')!;

test('a run becomes results: what was not timed yet is left out, failures keep their reason', () => {
  expect(results.rows.map(({ id }) => id)).toEqual(['encoder-matmul-64', 'encode-64', 'forward-smollm2']);
  expect(results.rows[2]).toEqual({ id: 'forward-smollm2', failure: 'The GPU has no room.' });
  expect(resultsOf({ ...run, rounds: 0 }, 0, '')).toBeUndefined();
  const coarse = { ...run.rows[0]!, ms: { median: 0, lower: 0, upper: 0.1 } };
  expect(resultsOf({ ...run, rows: [coarse] }, 0, '')!.rows[0]).toMatchObject({
    failure: expect.stringContaining('coarse') as string,
  });
});

test('a file gives back what was written, a link the same to four digits', () => {
  expect(readSpeed(writeSpeed(results))).toEqual(results);
  const short = readSpeed(writeSpeedShort(results));
  expect(short.rows[0]).toMatchObject({ ms: { median: 12.35 }, checked: '' });
  expect(short.rows[0]).not.toHaveProperty('kernels');
  expect({ ...short, rows: [] }).toEqual({ ...results, rows: [] });
});

const refuses = (change: (file: Record<string, unknown>) => void): string => {
  const file = JSON.parse(writeSpeed(results)) as Record<string, unknown>;
  change(file);
  try {
    readSpeed(JSON.stringify(file));
  } catch (thrown) {
    return (thrown as Error).message;
  }
  return '';
};
type Rows = Record<string, unknown>[];

test.each<[string, (file: Record<string, unknown>) => void, RegExp]>([
  ['another format', (file) => (file.format = 'facet-notes'), /not a file of times/],
  ['a newer version', (file) => (file.version = 2), /newer/],
  ['a backend nobody has', (file) => (file.backend = 'tpu'), /backend/],
  ['a time that is none', (file) => ((file.rows as Rows)[0]!.ms = { ...ms, median: 'quick' }), /rows\.0/],
  ['a time of nothing', (file) => ((file.rows as Rows)[0]!.ms = { median: 0, lower: 0, upper: 0 }), /rows\.0/],
  ['a time below zero', (file) => ((file.rows as Rows)[0]!.ms = { median: -1, lower: -2, upper: 1 }), /rows\.0/],
  ['quartiles that cross', (file) => ((file.rows as Rows)[0]!.ms = { ...ms, lower: 14 }), /rows\.0/],
  ['a name that is markup', (file) => ((file.rows as Rows)[0]!.id = '<img src=x>'), /rows\.0/],
  ['a kernel that is markup', (file) => ((file.rows as Rows)[0]!.kernels = [{ kernel: '<b>', dispatches: 1, ms: 1, flops: 1, bytes: 1 }]), /rows\.0/],
  ['the same row twice', (file) => (file.rows = [(file.rows as Rows)[0], (file.rows as Rows)[0]]), /rows/],
  ['too many rows', (file) => (file.rows = Array.from({ length: 65 }, (_, i) => ({ id: `a${i}`, failure: '' }))), /rows/],
  ['no rows', (file) => delete file.rows, /rows/],
  ['an adapter as long as a book', (file) => (file.adapter = { ...run.adapter, vendor: 'x'.repeat(201) }), /adapter/],
  ['a date out of time', (file) => (file.made = 1e300), /made/],
])('%s is refused', (_, change, why) => expect(refuses(change)).toMatch(why)); // oxfmt-ignore

test('whatever a file holds, it is read or refused in words', () => {
  const hostile = fc.oneof(fc.json(), fc.string({ maxLength: 200 }));
  fc.assert(
    fc.property(hostile, (content) => {
      try {
        readSpeed(content);
      } catch (thrown) {
        expect((thrown as { code?: string }).code).toBe('bad-input');
      }
    }),
  );
  expect(() => readSpeed(' '.repeat(1_000_001))).toThrow(/too large/);
});

test('Markdown is one table whatever names it holds', () => {
  const nasty = 'a | b\n| c <b>`x`</b> [l](javascript:1)';
  const hostile: SpeedResults = {
    ...results,
    browser: nasty,
    adapter: { ...results.adapter, vendor: nasty },
    rows: [...results.rows, { id: 'other', failure: nasty }],
  };
  const lines = speedMarkdown(hostile, benchWorkloads).split('\n');
  const rows = lines.filter((line) => line.startsWith('|'));
  expect(rows).toHaveLength(2 + 4);
  for (const row of rows) expect(row.replace(/\\\|/g, '').split('|')).toHaveLength(9);
  expect(lines.join('\n')).not.toMatch(/<b>|[^\\]`|[^\\]\[/);
  expect(rows[3]).toContain('Encode, TopK 32 of 24,576, 64 tokens');
  expect(rows[3]).toContain('1.1 × Encoder matmul alone, 64 tokens');
  // 2.4e9 operations at 1e12 a second take 2.4 ms of 12.3.
  expect(rows[3]).toContain('19.4 % of peak');
});

test('devices and browsers are named in a few words', () => {
  expect(deviceName(results)).toBe('WebGPU: acme x1');
  expect(deviceName({ backend: 'cpu', adapter: { vendor: '', architecture: '', description: '', software: true } })).toBe('CPU'); // oxfmt-ignore
  expect(deviceName({ backend: 'cpu', adapter: { vendor: '', architecture: '', description: 'CPU, 4-wide SIMD', software: false } })).toBe('CPU, 4-wide SIMD'); // oxfmt-ignore
  for (const [agent, name] of [
    [
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
      'Chrome 142 on Linux',
    ],
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0',
      'Edge 142 on Windows',
    ],
    [
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15',
      'Safari 26 on Mac OS X',
    ],
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0',
      'Firefox 145 on Windows',
    ],
    ['curl/8', 'a browser'],
  ] as const)
    // oxfmt-ignore
    expect(browserName(agent)).toBe(name);
});
