import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RecipeStep } from './recipe.ts';
import { FacetError } from '../shared/errors.ts';
import {
  dropRecipe,
  keepRecipe,
  keptRecipes,
  MAX_KEPT,
  otherModel,
  readRecipe,
  writeRecipe,
} from './recipe-file.ts';

const step: RecipeStep = {
  kind: 'add',
  dictionary: 'blocks.2.hook_resid_pre',
  feature: 7,
  strength: 1.5,
  unit: 8.41,
  scope: { kind: 'text' },
};
const recipe = { model: 'storyworld-2m', modelDigest: '0123456789abcdef', steer: [step] };

const amount = fc.double({ min: -1e6, max: 1e6, noNaN: true });
const scope = fc.oneof(
  fc.constantFrom('text', 'all', 'special', 'prompt', 'generated').map((kind) => ({ kind })),
  fc.nat(1000).map((from) => ({ kind: 'tokens', ranges: [[from, from + 2]] })),
);
const target = fc.oneof(
  fc.record({ kind: fc.constant('head'), layer: fc.nat(99), head: fc.nat(99) }),
  fc.record({ kind: fc.constant('hook'), hook: fc.constant('blocks.1.hook_mlp_out') }),
);
const latent = { dictionary: fc.constant('a b@c'), feature: fc.nat(1e6), scope };
const steps = fc.oneof(
  fc.record({ kind: fc.constantFrom('add', 'clamp'), strength: amount, unit: fc.constant(0.1), ...latent }),
  fc.record({ kind: fc.constant('scale'), target, factor: amount, scope }),
  fc.record({ kind: fc.constant('ablate'), target, with: fc.constantFrom('zero', 'mean'), scope }),
  fc.record({
    kind: fc.constant('patch'),
    target,
    text: fc.string({ unit: 'grapheme', maxLength: 50 }),
    align: fc.constantFrom('start', 'end'),
    scope,
    off: fc.constant(true),
  }),
  fc.record({ kind: fc.constant('splice'), dictionary: fc.constant('a'), error: fc.boolean(), scope }),
) as fc.Arbitrary<RecipeStep>;

test('what is written is read back', () => {
  fc.assert(
    fc.property(fc.array(steps, { minLength: 1, maxLength: 32 }), (steer) => {
      const written = { ...recipe, steer };
      // −0 has no JSON.
      expect(readRecipe(writeRecipe(written))).toEqual(JSON.parse(JSON.stringify(written)));
    }),
  );
});

test('anything else is refused in words', () => {
  const refusal = (text: string): string => {
    try {
      readRecipe(text);
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(FacetError);
      expect(thrown).toMatchObject({ code: 'bad-input' });
      return (thrown as FacetError).message;
    }
    throw new Error(`was read: ${text.slice(0, 80)}`);
  };
  const file = JSON.parse(writeRecipe(recipe)) as Record<string, unknown>;
  const changed = (part: object): string => refusal(JSON.stringify({ ...file, ...part }));
  expect(refusal('')).toContain('not JSON');
  expect(refusal('[]')).toContain('not a recipe');
  expect(refusal('null')).toContain('not a recipe');
  expect(changed({ format: 'other' })).toContain('not a recipe');
  expect(changed({ version: 2 })).toContain('newer');
  expect(changed({ steer: [] })).toContain('must have a step');
  expect(changed({ steer: Array.from({ length: 33 }, () => step) })).toContain('steer');
  expect(changed({ steer: [{ ...step, strength: '1' }] })).toContain('steer.0.strength');
  expect(changed({ steer: [{ ...step, unit: 0 }] })).toContain('steer.0.unit');
  expect(changed({ steer: [{ ...step, kind: 'eval' }] })).toContain('steer.0');
  expect(changed({ steer: [{ ...step, dictionary: '../x' }] })).toContain('steer.0.dictionary');
  expect(changed({ modelDigest: 'x' })).toContain('modelDigest');
  expect(refusal(' '.repeat(400_001))).toContain('too large');
  expect(refusal('['.repeat(100_000))).toContain('not JSON');
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
      refusal(text);
    }),
  );
});

test('parts that are not of a recipe do not come in', () => {
  const text = writeRecipe(recipe).replace('"steer"', '"__proto__": {"polluted": true}, "more": 1, "steer"');
  expect(readRecipe(text)).toEqual(recipe);
  expect('polluted' in {}).toBe(false);
});

test('a recipe of another model says so', () => {
  const open = { id: 'storyworld-2m', digest: '0123456789abcdef', title: 'Storyworld 2M' };
  expect(otherModel(recipe, open)).toBeUndefined();
  expect(otherModel(recipe, undefined)).toBeUndefined();
  expect(otherModel(recipe, { ...open, digest: 'f'.repeat(16) })).toContain('other weights');
  expect(otherModel({ ...recipe, model: 'gpt2' }, { ...open, digest: 'f'.repeat(16) })).toContain('gpt2');
});

function memory(at = '[]', room = Infinity) {
  let held = at;
  return {
    getItem: () => held,
    setItem: (_: string, value: string) => {
      if (value.length > room) throw new Error('quota');
      held = value;
    },
  };
}

test('recipes are kept by name, the newest last, and dropped', () => {
  const storage = memory();
  keepRecipe(storage, 'a', recipe);
  keepRecipe(storage, 'b', recipe);
  expect(keepRecipe(storage, 'a', { ...recipe, steer: [{ ...step, strength: 2 }] })).toHaveLength(2);
  expect(keptRecipes(storage).map(({ name }) => name)).toEqual(['b', 'a']);
  expect(keptRecipes(storage)[1]!.steer[0]).toMatchObject({ strength: 2 });
  expect(dropRecipe(storage, 'b').map(({ name }) => name)).toEqual(['a']);
  expect(keptRecipes(storage).map(({ name }) => name)).toEqual(['a']);
});

test('a shelf that is damaged, full or forbidden', () => {
  for (const text of ['', '{', '{}', '[{"name":""}]', '[1]']) expect(keptRecipes(memory(text))).toEqual([]);
  expect(keptRecipes(undefined)).toEqual([]);
  expect(() => keepRecipe(undefined, 'a', recipe)).toThrow(FacetError);
  expect(() => keepRecipe(memory('[]', 10), 'a', recipe)).toThrow('keeps nothing');
  const full = memory();
  for (let i = 0; i < MAX_KEPT; i++) keepRecipe(full, `n${i}`, recipe);
  expect(() => keepRecipe(full, 'one more', recipe)).toThrow('At most');
  expect(keepRecipe(full, 'n3', recipe)).toHaveLength(MAX_KEPT);
});
