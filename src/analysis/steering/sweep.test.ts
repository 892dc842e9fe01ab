import { expect, test } from 'vitest';
import { effects, markEffects } from './effects.ts';
import { type MeasuredText, PointSums } from './sweep.ts';

const number = (id: string): number => effects.findIndex((effect) => effect.id === id);
const vocabulary = [' dog', ' Mary', ' saw', ' a', ' dog', '.', ' ( ', ' )', 'caf\xc3', '\xa9'];
const tokenizer = {
  isSpecial: (id: number) => id === 0,
  bytes: (id: number) => Uint8Array.from(vocabulary[id]!, (unit) => unit.charCodeAt(0)),
};

test('properties are seen over what tokens make together, and stop at special tokens', () => {
  const marks = markEffects(tokenizer, [0, 1, 2, 3, 4, 5, 6, 4, 0, 4, 7, 8, 9]);
  expect(marks.length).toBe(effects.length);
  expect([...marks[number('name')]!]).toEqual([0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  expect([...marks[number('animal')]!]).toEqual([0, 0, 0, 0, 1, 0, 0, 1, 0, 1, 0, 0, 0]);
  expect([...marks[number('bracketed')]!]).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]);
  expect(markEffects(tokenizer, [0, 0]).every((has) => has.every((one) => one === 0))).toBe(true);
  expect(markEffects(tokenizer, [])[0]!.length).toBe(0);
});

const text = (tokens: number, count: number, loss = 2 * tokens, activation = 0): MeasuredText => ({
  tokens,
  counts: Uint32Array.from(effects, (_, effect) => (effect === 1 ? count : 0)),
  loss,
  activation,
  example: `${tokens} tokens`,
});

test('a point is made of sums over all tokens; errors are over texts', () => {
  const sums = new PointSums(1.5);
  for (const each of [text(10, 1, 30, 5), text(10, 4), text(20, 1), text(10, 0)]) sums.add(each);
  const point = sums.point();
  expect(point).toMatchObject({ strength: 1.5, texts: 4, tokens: 50, loss: 110 / 50, activation: 0.1 });
  expect(point.rates[1]).toBeCloseTo(6 / 50, 12);
  const rate = 6 / 50;
  const squares = [1 - 10 * rate, 4 - 10 * rate, 1 - 20 * rate, -10 * rate].reduce(
    (sum, x) => sum + x * x,
    0,
  );
  expect(point.errors[1]).toBeCloseTo(Math.sqrt((4 / 3) * squares) / 50, 12);
  expect(point.errors[0]).toBe(0);
  expect(point.examples).toEqual(['10 tokens', '10 tokens', '20 tokens']);
});

test('for texts of one length the error is that of a mean', () => {
  const sums = new PointSums(0);
  for (const count of [1, 3, 3, 5]) sums.add(text(10, count));
  // Standard deviation of the shares 0.1, 0.3, 0.3, 0.5 over √4.
  expect(sums.point().errors[1]).toBeCloseTo(Math.sqrt(0.08 / 3) / 2, 12);
});

test('one text has no error, and no feature no activation', () => {
  const sums = new PointSums(0);
  sums.add(text(10, 1, 20, NaN));
  expect(sums.point().errors[1]).toBeNaN();
  expect(sums.point().activation).toBeNaN();
});
