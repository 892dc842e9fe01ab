import { expect, test } from 'vitest';
import { parseAnalyze, parseInspect, UsageError } from './arguments.ts';

test('defaults', () => {
  expect(parseAnalyze(['--text', 'hi'])).toEqual({
    text: 'hi',
    model: undefined,
    dictionary: undefined,
    top: 10,
    logits: 'none',
    captures: [],
    storage: 'file',
    backend: 'auto',
    endpoint: undefined,
    json: false,
  });
});

test('every option', () => {
  const argv =
    '--text x --model m --dictionary d --top 3 --logits all --capture a --capture b --capture a --storage f16 --backend cpu --endpoint http://localhost:1 --json'.split(
      ' ',
    );
  expect(parseAnalyze(argv)).toEqual({
    text: 'x',
    model: 'm',
    dictionary: 'd',
    top: 3,
    logits: 'all',
    captures: ['a', 'b'],
    storage: 'f16',
    backend: 'cpu',
    endpoint: 'http://localhost:1',
    json: true,
  });
});

test.each([
  [[]],
  [['--text']],
  [['--text', 'a', '--top', '0']],
  [['--text', 'a', '--top', '2.5']],
  [['--text', 'a', '--logits', 'some']],
  [['--text', 'a', '--wat']],
  [['--text', 'a', 'b']],
])('refuses %j', (argv) => {
  expect(() => parseAnalyze(argv)).toThrow(UsageError);
});

test('inspect takes one folder or repository', () => {
  expect(parseInspect(['owner/name', '--json'])).toEqual({ target: 'owner/name', json: true });
  for (const argv of [[], ['a', 'b'], ['a', '--top', '3']])
    expect(() => parseInspect(argv)).toThrow(UsageError);
});
