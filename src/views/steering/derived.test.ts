import { expect, test } from 'vitest';
import type { EffectInfo, Generated, GeneratedToken, Sweep, SweepPoint } from '../../engine/protocol.ts';
import type { SweptResult, SweptStep } from '../../state/steered-sweep.ts';
import type { SteeredText } from '../../state/steered-texts.ts';
import { changesAt, effectFigures, measuredOf, pointAt, sweepTable } from './sweep-derived.ts';
import { fluencyOf, jsonTexts, partings, plainTexts, textsTable } from './texts-derived.ts';

const token = (id: number): GeneratedToken => ({
  id,
  text: `t${id}`,
  special: false,
  logProb: Math.log(0.5),
});
const done = (ids: number[], loss: number): Generated =>
  ({
    tokens: ids.map(token),
    text: ids.join('+'),
    reason: 'length',
    promptRows: 2,
    dropped: 0,
    baseLoss: Float32Array.from(ids, () => loss),
    kl: Float32Array.from(ids, () => 0.25),
  }) as unknown as Generated;
const text = (ids: number[], loss?: number): SteeredText => ({
  key: '',
  wanted: ids.length,
  tokens: ids.map(token),
  running: loss === undefined,
  ...(loss !== undefined && { done: done(ids, loss) }),
});

test('texts part where each first differs from normal; normal is marked where the first does', () => {
  expect(partings({ base: text([1, 2, 3]), steered: text([1, 2, 4]), frozen: text([1, 5]) })).toEqual({
    steered: 2,
    frozen: 1,
    base: 1,
  });
  expect(partings({ base: text([1, 2]), steered: text([1, 2]) })).toEqual({});
});

test('fluency is the mean loss under the base, against that of normal', () => {
  const base = done([1, 2], 2);
  expect(fluencyOf(done([1], 3), base)).toEqual({ loss: 3, ratio: 1.5, kl: 0.25 });
  expect(fluencyOf(undefined, base)).toBeUndefined();
});

test('exports hold every token with its numbers, and none where there are none yet', () => {
  const texts = { base: text([1], 2), steered: text([3]) };
  expect(textsTable(texts).rows).toEqual([
    ['Normal', 1, 1, 't1', 0.5, 0.25, 2],
    ['Steered', 1, 3, 't3', 0.5, null, null],
  ]);
  expect(plainTexts('once', texts)).toBe('Text\nonce\n\nNormal\n1\n\nSteered\nt3\n');
  expect(JSON.parse(jsonTexts({ seed: 1 }, texts))).toMatchObject({
    seed: 1,
    texts: [
      { arm: 'base', reason: 'length', tokens: [{ id: 1, kl: 0.25, baseLoss: 2 }] },
      { arm: 'steered', tokens: [{ id: 3, kl: null, baseLoss: null }] },
    ],
  });
});

const point = (strength: number, loss: number, rates: number[], activation = strength): SweepPoint => ({
  strength,
  texts: 2,
  tokens: 10,
  loss,
  activation,
  rates: Float64Array.from(rates),
  errors: Float64Array.from(rates, () => 0.01),
  examples: [],
});
const step = { kind: 'add', dictionary: 'd', feature: 1, strength: 1, unit: 1 } as SweptStep;
const sweep: Sweep = {
  base: point(0, 1, [0.1, 0.4], 0.5),
  points: [point(2, 1.1, [0.5, 0.2], 4.5), point(1, 1, [0.3, 0.3], 2.5), point(4, 3, [0.5, 0.1], 5)],
  keeps: { up: 2 },
};
const result = { sweep, step, alone: false, key: '', settings: {} } as SweptResult;
const effects = [
  { id: 'a', title: 'A', meaning: '' },
  { id: 'b', title: 'B', meaning: '' },
] satisfies EffectInfo[];

test('the feature can be drawn only where one is swept', () => {
  expect(measuredOf(effects, step).map(({ id }) => id)).toEqual(['feature', 'a', 'b']);
  const head: SweptStep = {
    kind: 'scale',
    target: { kind: 'head', layer: 0, head: 0 },
    factor: 0,
    scope: { kind: 'all' },
  };
  expect(measuredOf(effects, head).map(({ id }) => id)).toEqual(['a', 'b']);
});

test('slopes are over the strengths that keep fluency; of the activation too', () => {
  const [activation, a] = measuredOf(effects, step);
  expect(effectFigures(result, a!)!.slope).toBeCloseTo(0.2);
  expect(effectFigures(result, a!)!.selectivity).toBeCloseTo(2 / 3);
  expect(effectFigures(result, activation!)!.slope).toBeCloseTo(2);
  expect(effectFigures(result, activation!)!.selectivity).toBeNaN();
});

test('without a choice the point that keeps fluency is looked at', () => {
  expect(pointAt(sweep, undefined)?.strength).toBe(2);
  expect(pointAt(sweep, 4)?.strength).toBe(4);
  expect(pointAt({ ...sweep, keeps: {} }, undefined)?.strength).toBe(4);
});

test('every property is compared with the texts without the step', () => {
  const [a, b] = changesAt(effects, sweep, sweep.points[0]!);
  expect(a).toMatchObject({ id: 'a', base: 0.1, rate: 0.5, error: 0.01 });
  expect(a!.change).toBeCloseTo(0.4);
  expect(a!.ratio).toBeCloseTo(5);
  expect(b!.change).toBeCloseTo(-0.2);
});

test('the table is in the order of strengths, unsteered first', () => {
  const { columns, rows } = sweepTable(result, effects);
  expect(rows.map(([strength]) => strength)).toEqual(['unsteered', 1, 2, 4]);
  expect(rows.every((row) => row.length === columns.length)).toBe(true);
});
