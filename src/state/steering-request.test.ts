import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RecipeScope, RecipeStep } from './recipe.ts';
import { rowOf } from './rows.ts';
import { askedOf, promptOf, samplingOf } from './steering-request.ts';
import { defaultView } from './view-state.ts';

const step = (scope: RecipeScope): RecipeStep => ({
  kind: 'ablate',
  target: { kind: 'head', layer: 1, head: 2 },
  with: 'mean',
  scope,
});
const tokens = (...ranges: [number, number][]): RecipeScope => ({ kind: 'tokens', ranges });
const rows = { prefix: 1, windowStart: 0 };

test('positions become rows: the beginning is row 0, tokens follow the prefix', async () => {
  expect(await askedOf([step(tokens([0, 2], [5, 5]))], rows)).toEqual([
    {
      ...step({ kind: 'text' }),
      scope: {
        kind: 'rows',
        ranges: [
          [0, 2],
          [5, 5],
        ],
      },
    },
  ]);
});

test('what lies before the window is cut off; the beginning is read with every window', async () => {
  const at = async (scope: RecipeScope, windowStart: number, prefix = 1): Promise<unknown> =>
    (await askedOf([step(scope)], { prefix, windowStart }))[0]?.scope;
  expect(await at(tokens([8, 12]), 10)).toEqual({ kind: 'rows', ranges: [[1, 2]] });
  expect(await at(tokens([0, 12]), 10)).toEqual({ kind: 'rows', ranges: [[0, 2]] });
  expect(await at(tokens([0, 5]), 10)).toEqual({ kind: 'rows', ranges: [[0, 0]] });
  expect(await at(tokens([2, 5]), 10)).toBeUndefined();
  expect(await at(tokens([0, 0]), 0, 0)).toBeUndefined();
  expect(await at(tokens([0, 3]), 0, 0)).toEqual({ kind: 'rows', ranges: [[0, 2]] });
});

test('rows of a scope are those of its positions, sorted and disjoint', async () => {
  const range = fc.tuple(fc.nat(30), fc.nat(4));
  await fc.assert(
    fc.asyncProperty(
      fc.array(range, { minLength: 1, maxLength: 6 }),
      fc.nat(20),
      fc.constantFrom(0, 1),
      async (parts, windowStart, prefix) => {
        const positions = new Set(parts.flatMap(([from, more]) => [from, from + more]));
        const ends = [...positions].sort((a, b) => a - b);
        const ranges: [number, number][] = [];
        for (let i = 0; i < ends.length; i += 2) ranges.push([ends[i]!, ends[i + 1] ?? ends[i]!]);
        const window = { prefix, windowStart, windowTokens: 1000 };
        const expected = new Set<number>();
        for (const [from, to] of ranges)
          for (let position = from; position <= to; position++) {
            const row = rowOf(window, position);
            if (row !== undefined) expected.add(row);
          }
        const [asked] = await askedOf([step(tokens(...ranges))], { prefix, windowStart });
        const found: number[] = [];
        if (asked?.scope.kind === 'rows')
          for (const [from, to] of asked.scope.ranges) for (let row = from; row <= to; row++) found.push(row);
        expect(found).toEqual([...expected].sort((a, b) => a - b));
      },
    ),
  );
});

test('steps that are off are left out, and dictionaries of the site go by name', async () => {
  const latent: RecipeStep = {
    kind: 'scale',
    target: { kind: 'latent', dictionary: 'blocks.2.hook_resid_pre', feature: 3 },
    factor: 0.5,
    scope: { kind: 'generated' },
  };
  expect(await askedOf([{ ...step({ kind: 'all' }), off: true }, latent], rows)).toEqual([latent]);
});

test('a text is read as it is, a chat as what its user says', () => {
  expect(promptOf({ text: 'a', chat: false, system: 'b' })).toEqual({ kind: 'text', text: 'a' });
  const user = { role: 'user', content: 'a' };
  expect(promptOf({ text: 'a', chat: true, system: '' })).toEqual({ kind: 'chat', messages: [user] });
  expect(promptOf({ text: 'a', chat: true, system: 'b' })).toEqual({
    kind: 'chat',
    messages: [{ role: 'system', content: 'b' }, user],
  });
  expect(samplingOf({ ...defaultView, topK: 5, penalty: 1.1 })).toEqual({
    temperature: 0.7,
    topK: 5,
    topP: 1,
    repetitionPenalty: 1.1,
    seed: 1,
  });
});
