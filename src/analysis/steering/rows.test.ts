import { expect, test } from 'vitest';
import type { Scope } from './intervention.ts';
import { isInScope, matchedRow } from './rows.ts';
import type { PassRows } from './steering.ts';

/** A prompt of 5 rows, the first of them a prefix, then a special token that was generated, then words. */
const WHOLE: PassRows = {
  rows: [0, 1, 2, 3, 4, 5, 6, 7],
  special: [true, false, false, false, false, true, false, false],
  promptRows: 5,
};
/** The same once the context slid: what follows the prefix is gone, and only two rows are new. */
const SLID: PassRows = { rows: [0, 6, 7], special: [true, false, false], promptRows: 5 };

const rowsIn = (scope: Scope, pass: PassRows): number[] =>
  pass.rows.filter((_, t) => isInScope(scope, pass, t));

test.each<[Scope, number[], number[]]>([
  [{ kind: 'all' }, [0, 1, 2, 3, 4, 5, 6, 7], [0, 6, 7]],
  [{ kind: 'text' }, [1, 2, 3, 4, 6, 7], [6, 7]],
  [{ kind: 'special' }, [0, 5], [0]],
  [{ kind: 'prompt' }, [1, 2, 3, 4], []],
  [{ kind: 'generated' }, [6, 7], [6, 7]],
  [{ kind: 'rows', ranges: [[0, 1], [4, 6], [20, 30]] }, [0, 1, 4, 5, 6], [0, 6]],
  [{ kind: 'rows', ranges: [] }, [], []],
])('%j', (scope, whole, slid) => {
  expect(rowsIn(scope, WHOLE)).toEqual(whole);
  expect(rowsIn(scope, SLID)).toEqual(slid);
}); // oxfmt-ignore

const matches = (special: readonly boolean[], align: 'start' | 'end', pass: PassRows) =>
  pass.rows.map((_, t) => matchedRow({ special, align }, pass, t));

test('rows match from the first or from the last of both prompts, special ones only each other', () => {
  const short = [true, false, false];
  const long = [true, false, false, false, false, false, false];
  const none = undefined;
  expect(matches(short, 'start', WHOLE)).toEqual([0, 1, 2, none, none, none, none, none]);
  expect(matches(short, 'end', WHOLE)).toEqual([none, none, none, 1, 2, none, none, none]);
  expect(matches(long, 'start', WHOLE)).toEqual([0, 1, 2, 3, 4, none, 6, none]);
  expect(matches(long, 'end', WHOLE)).toEqual([none, 3, 4, 5, 6, none, none, none]);
  expect(matches(long, 'start', SLID)).toEqual([0, 6, none]);
  expect(matches([], 'end', WHOLE)).toEqual(WHOLE.rows.map(() => none));
});
