import fc from 'fast-check';
import { expect, test } from 'vitest';
import { droppedRows } from './context.ts';

test('a full context gives up a quarter of what follows the prefix, then grows again', () => {
  const dropped = (total: number): number => droppedRows(total, { prefix: 1, context: 17 });
  expect([1, 16, 17, 18, 21, 22, 25, 26].map(dropped)).toEqual([0, 0, 0, 4, 4, 8, 8, 12]);
  expect(() => droppedRows(5, { prefix: 1, context: 1 })).toThrow('no room');
});

test('what is read always fits, is never empty, and only ever moves on', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 3 }),
      fc.integer({ min: 1, max: 300 }),
      fc.nat(2000),
      (prefix, room, more) => {
        const total = prefix + 1 + more;
        const of = (rows: number): number => droppedRows(rows, { prefix, context: prefix + room });
        const kept = total - prefix - of(total);
        expect(kept).toBeLessThanOrEqual(room);
        expect(kept).toBeGreaterThanOrEqual(Math.min(total - prefix, room - Math.ceil(room / 4) + 1));
        expect(of(total + 1)).toBeGreaterThanOrEqual(of(total));
      },
    ),
  );
});
