import { expect, test } from 'vitest';
import { parseAnalyze, UsageError } from './arguments.ts';

test('defaults', () => {
  expect(parseAnalyze(['--text', 'hi'])).toEqual({
    text: 'hi',
    model: undefined,
    dictionary: undefined,
    top: 10,
    logits: 'none',
    captures: [],
    json: false,
  });
});

test('every option', () => {
  const argv =
    '--text x --model m --dictionary d --top 3 --logits all --capture a --capture b --capture a --json'.split(
      ' ',
    );
  expect(parseAnalyze(argv)).toEqual({
    text: 'x',
    model: 'm',
    dictionary: 'd',
    top: 3,
    logits: 'all',
    captures: ['a', 'b'],
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
