import { expect, test } from 'vitest';
import type { LibraryProgress } from '../library/protocol.ts';
import { rateMeter } from './library.ts';

const at = (done: number, phase: LibraryProgress['phase'] = 'download'): LibraryProgress => ({
  phase,
  what: 'x',
  done,
  total: 1000,
});

test('the rate is that of the last seconds, and unknown at first', () => {
  let now = 0;
  const meter = rateMeter(() => now);
  expect(meter(at(0))).toBe(0);
  now = 100;
  expect(meter(at(50))).toBe(0);
  for (now = 1000; now <= 20_000; now += 1000) meter(at(now / 10));
  now = 21_000;
  expect(meter(at(2100))).toBeCloseTo(100, 0);
  // A sudden stop shows within the window.
  for (now = 22_000; now <= 30_000; now += 1000) meter(at(2100));
  expect(meter(at(2100))).toBe(0);
});

test('another phase, and a file that starts again, start the rate again', () => {
  let now = 0;
  const meter = rateMeter(() => now);
  meter(at(0, 'hash'));
  now = 1000;
  expect(meter(at(1000, 'hash'))).toBe(1000);
  now = 2000;
  expect(meter(at(10))).toBe(0);
  now = 3000;
  expect(meter(at(510))).toBe(500);
  now = 4000;
  expect(meter(at(0))).toBe(0);
  // What was read before is not counted as downloaded.
  now = 5000;
  expect(meter(at(900, 'hash'))).toBe(0);
});
