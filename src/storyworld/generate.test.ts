import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { generate, sample } from './generate.ts';
import { registers } from './registers/index.ts';
import type { RegisterId } from './types.ts';

const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const hash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

test.each(registers.map(({ id }) => id))('the text of %s is pinned, as trained models depend on it', (id) => {
  const items = sample(1, 50, { registers: [id] });
  expect({
    first: items[0]!.text,
    hash: hash(JSON.stringify(items.map(({ text }) => text))),
  }).toMatchSnapshot();
});

test('the mixture of registers is pinned', () => {
  expect(hash(JSON.stringify(sample(1, 500).map(({ text }) => text)))).toMatchInlineSnapshot(
    `"389708242a998244"`,
  );
});

test('an item depends on its seed and number only', () => {
  fc.assert(
    fc.property(seeds, fc.integer({ min: 0, max: 2 ** 32 - 3 }), (seed, index) => {
      const item = generate(seed, index);
      generate(seed, index + 1);
      expect(generate(seed, index)).toEqual(item);
      expect(generate(seed, index + 2).text).not.toBe(item.text);
    }),
  );
});

test('random access equals the sequence', () => {
  const items = sample(3, 40);
  for (const index of [39, 0, 17, 5]) expect(generate(3, index)).toEqual(items[index]);
});

test('shares of registers follow the weights', () => {
  const counts = new Map<RegisterId, number>();
  for (const { register } of sample(2, 6000)) counts.set(register, (counts.get(register) ?? 0) + 1);
  for (const { id, weight } of registers) {
    const deviation = Math.sqrt(6000 * weight * (1 - weight));
    expect(Math.abs(counts.get(id)! - 6000 * weight), id).toBeLessThan(5 * deviation);
  }
});

test('options choose registers and their shares', () => {
  const two = sample(4, 400, { registers: ['repeats', 'stories'], weights: { repeats: 3, stories: 1 } });
  const repeated = two.filter(({ register }) => register === 'repeats').length;
  expect(two.every(({ register }) => ['repeats', 'stories'].includes(register))).toBe(true);
  expect(repeated).toBeGreaterThan(250);
  expect(repeated).toBeLessThan(350);
  expect(sample(4, 50, { weights: { stories: 0 } }).some(({ register }) => register === 'stories')).toBe(
    false,
  );
});

test('wrong arguments are refused', () => {
  const refused = expect.objectContaining({ code: 'bad-input' });
  for (const bad of [-1, 0.5, NaN, Infinity, 2 ** 32]) {
    expect(() => generate(bad, 0)).toThrow(refused);
    expect(() => generate(0, bad)).toThrow(refused);
  }
  expect(() => generate(0, 0, { registers: [] })).toThrow(refused);
  expect(() => generate(0, 0, { weights: { stories: -1 } })).toThrow(refused);
  expect(() => generate(0, 0, { weights: { stories: Infinity } })).toThrow(refused);
  expect(() => generate(0, 0, { weights: { stories: NaN } })).toThrow(refused);
  expect(() => generate(0, 0, { registers: ['poems' as RegisterId] })).toThrow(/no register "poems"/);
});
