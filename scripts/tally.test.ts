import { expect, test } from 'vitest';
import { failuresPlaywright, failuresVitest, tallyPlaywright, tallyVitest, withExitCode } from './tally.mjs';

const red = '\u001b[31m';

test('failed tests and files that did not load are counted and named', () => {
  const report = {
    testResults: [
      {
        name: 'a.test.ts',
        status: 'failed',
        message: '',
        assertionResults: [
          { status: 'passed', fullName: 'one' },
          { status: 'failed', fullName: 'two', failureMessages: [`${red}expected 1\n  at a.ts`] },
        ],
      },
      { name: 'b.test.ts', status: 'failed', message: 'cannot load\nmore', assertionResults: [] },
    ],
  };
  expect(tallyVitest(report)).toEqual({ passed: 1, failed: 2, skipped: 0 });
  expect(failuresVitest(report)).toEqual(['two: expected 1', 'b.test.ts: cannot load']);
});

test('journeys inside suites, second tries and errors outside tests are named', () => {
  const spec = (title: string, status: string): object => ({
    file: 'x.spec.ts',
    title,
    tests: [{ status, results: [{ error: { message: `${title} broke` } }] }],
  });
  const report = {
    stats: { expected: 3, unexpected: 1, flaky: 1, skipped: 0 },
    errors: [{ message: 'no server' }],
    suites: [
      { specs: [spec('a', 'expected')], suites: [{ specs: [spec('b', 'unexpected'), spec('c', 'flaky')] }] },
    ],
  };
  expect(tallyPlaywright(report)).toEqual({ passed: 3, failed: 3, skipped: 0 });
  expect(failuresPlaywright(report)).toEqual([
    'no server',
    'x.spec.ts: b: b broke',
    'x.spec.ts: c: c broke (passed when tried again)',
  ]);
});

test('a runner that ends badly without a failed test has failed', () => {
  expect(withExitCode({ passed: 2, failed: 0, skipped: 0 }, false).failed).toBe(1);
});
