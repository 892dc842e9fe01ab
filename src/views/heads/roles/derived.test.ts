import { expect, test } from 'vitest';
import type { HeadRoles, Role } from '../../../engine/protocol.ts';
import { ablatedRoles, agreement, familiesOf, largestRise, powerParts, separateRoles } from './derived.ts';
import { ablationsTable, overviewTable, powersTable } from './tables.ts';
import { verdictText } from './words.ts';

const role = (weight: number, power: number, part: Partial<Role> = {}): Role => ({
  title: `a role of ${weight}`,
  labels: [],
  families: [],
  latents: [],
  weight,
  power,
  reads: [],
  distances: [],
  fires: [],
  firesOn: [],
  writes: [],
  examples: [],
  riseWithout: [],
  ownEffect: NaN,
  tokens: 0,
  ...part,
});

// Explained power is 0.8 of the output's; roles of 0.5, 0.3, 0.1 of it, and small ones of 0.1 together.
const head: HeadRoles = {
  layer: 1,
  head: 3,
  owned: 'half',
  latents: 12,
  silent: 2,
  roles: [
    role(0.5, 0.4, {
      families: ['induction', 'name'],
      riseWithout: [1, 0.01, NaN],
      ownEffect: 0.8,
      tokens: 40,
    }),
    role(0.3, 0.24, { families: ['name'], riseWithout: [0.02, 0.5, NaN], ownEffect: 0.2, tokens: 30 }),
    role(0.1, 0.08, { riseWithout: [NaN, NaN, NaN] }),
  ],
  others: { roles: 3, weight: 0.1 },
  unexplained: 0.25,
  overlap: -0.05,
  effectiveRoles: 3.14,
  sensitivity: [],
  polysemantic: true,
  separate: [[0, 1]],
  confidence: 0.9,
  resampled: [true],
};

test('the parts of a head’s power add up to all of it, what is unexplained included', () => {
  const parts = powerParts(head);
  expect(parts.map(({ kind }) => kind)).toEqual(['role', 'role', 'role', 'others', 'overlap', 'unexplained']);
  expect(parts.find(({ kind }) => kind === 'others')!.power).toBeCloseTo(0.08, 9);
  expect(parts.reduce((sum, { power }) => sum + power, 0)).toBeCloseTo(1, 9);
  expect(powersTable(head).rows.map(([part]) => part)).toContain('unexplained');
  expect(
    powerParts({ ...head, roles: [], others: { roles: 0, weight: 0 }, overlap: 0, unexplained: 1 }),
  ).toEqual([
    { kind: 'overlap', power: 0 },
    { kind: 'unexplained', power: 1 },
  ]);
});

test('separate roles are a group of which every two are separate', () => {
  const roles = Array.from({ length: 5 }, () => role(0.2, 0.1));
  const of = (separate: [number, number][]) => separateRoles({ separate, roles });
  expect(of([])).toEqual([]);
  expect(of([[0, 1]])).toEqual([0, 1]);
  // 0 is separate from three others that are not separate from each other.
  expect(of([[0, 1], [0, 2], [0, 3]])).toHaveLength(2); // oxfmt-ignore
  expect(of([[0, 4], [1, 2], [2, 3], [1, 3]])).toEqual([1, 2, 3]); // oxfmt-ignore
  // Roles of less than a tenth are ablated, but make no head polysemantic.
  roles[3] = role(0.09, 0.05);
  expect(of([[0, 4], [1, 2], [2, 3], [1, 3]])).toHaveLength(2); // oxfmt-ignore
  expect(of([[2, 3]])).toEqual([]);
});

test('a verdict says what it rests on, and when it is not yet one', () => {
  expect(verdictText(head, true)).toBe('Polysemantic: 2 causally separate roles, effective number 3.1');
  expect(verdictText(head, false)).toMatch(/^So far polysemantic/);
  expect(verdictText({ ...head, polysemantic: false, separate: [] }, true)).toMatch(/^Not polysemantic/);
  expect(verdictText({ ...head, polysemantic: 'unknown' }, false)).toMatch(/^Not yet judged/);
});

test('agreement is with the verdict, whichever it is', () => {
  expect(agreement(head)).toBe(0.9);
  expect(agreement({ ...head, polysemantic: false })).toBeCloseTo(0.1, 12);
  expect(agreement({ ...head, polysemantic: 'unknown' })).toBeNaN();
});

test('families are offered with how many roles they have', () => {
  expect(familiesOf(head.roles)).toEqual([
    { family: 'name', roles: 2 },
    { family: 'induction', roles: 1 },
  ]);
});

test('the matrix has the roles that were ablated, and tables no NaN', () => {
  expect(ablatedRoles(head)).toBe(2);
  expect(largestRise(head)).toBe(1);
  // The first role is nowhere the strongest on the texts so far.
  const [first, ...others] = head.roles;
  const early = { roles: [{ ...first!, riseWithout: [NaN, NaN, NaN] }, ...others] };
  expect([ablatedRoles(early), largestRise(early)]).toEqual([2, 0.5]);
  expect(ablatedRoles({ roles: [] })).toBe(0);
  expect(ablationsTable(head, 2).rows).toEqual([
    ['role 1', 1, 0.01, 0.8, 40],
    ['role 2', 0.02, 0.5, 0.2, 30],
  ]);
  const of = { dictionary: 'd', layer: 1, items: 80, tokens: 4000, threshold: 0.4 };
  const [row] = overviewTable([
    { ...of, heads: [{ ...head, polysemantic: 'unknown', confidence: NaN }] },
  ]).rows;
  expect(row!.slice(0, 5)).toEqual([1, 3, 'not yet judged', null, 2]);
});
