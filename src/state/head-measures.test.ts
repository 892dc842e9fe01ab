import { expect, test } from 'vitest';
import type { AblationEffects } from '../engine/protocol.ts';
import { extentOf, type Measure, measuresOf, ordinal, orderOf, ranksOf, ratioOf } from './head-measures.ts';

const measure = (values: number[], part: Partial<Measure> = {}): Measure => ({
  id: 'x',
  title: 'x',
  definition: '',
  unit: '',
  range: null,
  signed: false,
  values: new Float32Array(values),
  ...part,
});

test('the largest is first, equals share a rank, and what is not known has none', () => {
  expect([...ranksOf([0.25, NaN, 0.75, 0.25, -1])]).toEqual([2, 0, 1, 2, 4]);
  expect(orderOf([0.25, NaN, 0.75, 0.25, -1])).toEqual([2, 0, 3, 4]);
  expect([...ranksOf([])]).toEqual([]);
});

test('scales begin at 0, keep what the score says of itself, and are symmetric where signs matter', () => {
  expect(extentOf(measure([0.5, 2, NaN]))).toEqual([0, 2]);
  expect(extentOf(measure([-0.5, 2]))).toEqual([-0.5, 2]);
  expect(extentOf(measure([0.5], { range: [0, 1] }))).toEqual([0, 0.5]);
  expect(extentOf(measure([0.01], { range: [0, 1] }))).toEqual([0, 0.2]);
  expect(extentOf(measure([0.05], { range: [-1, 1], signed: true }))).toEqual([-0.2, 0.2]);
  expect(extentOf(measure([NaN], { range: [0, 1] }))).toEqual([0, 1]);
  expect(extentOf(measure([-0.5, 0.25], { signed: true }))).toEqual([-0.5, 0.5]);
  expect(extentOf(measure([NaN, NaN]))).toEqual([0, 1]);
});

test('a place on the scale never leaves it', () => {
  expect(ratioOf(0.5, [0, 2], false)).toBe(0.25);
  expect(ratioOf(9, [0, 2], false)).toBe(1);
  expect(ratioOf(-9, [-2, 2], true)).toBe(-1);
  expect(ratioOf(1, [-2, 2], true)).toBe(0.5);
  expect(ratioOf(0, [0, 0], true)).toBe(0);
  expect(ratioOf(NaN, [0, 1], false)).toBeNaN();
});

test('what ablating costs is a measure for all texts and one for each register', () => {
  const effects: AblationEffects = {
    corpus: { kind: 'storyworld', seed: 1, items: 2 },
    texts: 2,
    groups: ['all', 'pairs again', 'indirect-object', 'indirect-object pairs again'],
    groupTexts: new Uint32Array([8, 8, 1, 1]),
    tokens: new Uint32Array([9, 4, 3, 2]),
    loss: new Float32Array([1, 2, 3, 4]),
    heads: [
      { layer: 1, head: 0 },
      { layer: 0, head: 1 },
    ],
    rise: new Float32Array([1, 2, 5, 6, 3, 4, 7, 8]),
  };
  const found = measuresOf({ nLayers: 2, nHeads: 2 }, undefined, effects);
  expect(found.map(({ id }) => id)).toEqual([
    'ablation',
    'ablation-pairs-again',
    'ablation-indirect-object',
    'ablation-indirect-object-pairs-again',
  ]);
  expect([...found[0]!.values]).toEqual([NaN, 3, 1, NaN]);
  expect([...found[1]!.values]).toEqual([NaN, 4, 2, NaN]);
  expect([...found[3]!.values]).toEqual([NaN, 8, 6, NaN]);
  expect(found[1]!.definition).toContain('tokens of all texts whose pair');
  expect(found[1]!.definition).toContain('(2.00 nats a token, 4 tokens of 8 texts)');
  expect(found[3]!.definition).toContain('tokens of register indirect-object whose pair');
  expect(found[2]!.definition).toContain('(3.00 nats a token, 3 tokens of 1 text)');
  expect(found.map(({ note }) => note !== undefined)).toEqual([false, false, true, true]);
  // A register that has not come up yet.
  const early = {
    ...effects,
    tokens: new Uint32Array([9, 0, 0, 0]),
    loss: new Float32Array([1, NaN, NaN, NaN]),
  };
  const [, none] = measuresOf({ nLayers: 2, nHeads: 2 }, undefined, early);
  expect(none!.definition).toContain('(no tokens yet)');
});

test('ranks in words', () => {
  expect([1, 2, 3, 4, 11, 12, 13, 21, 22, 103, 111].map(ordinal)).toEqual(
    '1st 2nd 3rd 4th 11th 12th 13th 21st 22nd 103rd 111th'.split(' '),
  );
});
