import { expect, test } from 'vitest';
import { sortRows } from './SortedRows.tsx';

test('rows are sorted either way, equal ones stay in order, and NaN comes last', () => {
  const rows = [
    { id: 'a', n: 2 },
    { id: 'b', n: NaN },
    { id: 'c', n: 3 },
    { id: 'd', n: 2 },
  ];
  const ids = (rising: boolean) => sortRows(rows, ({ n }) => n, rising).map(({ id }) => id);
  expect(ids(false)).toEqual(['c', 'a', 'd', 'b']);
  expect(ids(true)).toEqual(['a', 'd', 'c', 'b']);
  expect(sortRows(rows, ({ id }) => id, false)[0]!.id).toBe('d');
});
