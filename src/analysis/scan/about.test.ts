import { describe, expect, test } from 'vitest';
import { TestRandom } from '../../testing/random.ts';
import { LabelledTokens } from './label-fit.ts';
import { type KnownTexts, labelThresholds, LEAST_LABELLED, metadataFits, sampledValues } from './about.ts';

const random = new TestRandom(5);
const TEXTS = 60;
const tokens = Array.from({ length: 2_000 }, () => random.integer(TEXTS));
/** Labels: 0 on every fifth token, 1 on every second, 2 too rare. */
const labels = tokens.map((_, i) => [
  ...(i % 5 === 0 ? [0] : []),
  ...(i % 2 === 0 ? [1] : []),
  ...(i < 3 ? [2] : []),
]);
const known: KnownTexts = {
  rows: Uint32Array.from(tokens.keys()),
  text: Uint32Array.from(tokens),
  metadata: Array.from({ length: TEXTS }, (_, text) => [
    text % 3 === 0 ? 'red' : 'blue',
    `id ${text}`,
    String(text),
  ]),
  fields: ['colour', 'name', 'colour'],
  labelled: new LabelledTokens(),
};
const names = ['fifth', 'even', 'rare'];
for (const own of labels) known.labelled!.add(own.map((label) => names[label]!));
/** Strong on fifths with a few false alarms below, weak noise elsewhere. */
const values = Float32Array.from(tokens, (_, i) =>
  i % 5 === 0 ? (i % 25 === 0 ? 0 : 4 + (i % 7)) : i % 11 === 0 ? 2 : i % 3 === 0 ? Math.fround(0.1) : 0,
);

describe('labels', () => {
  test('threshold, precision, recall and F1 are the best of all thresholds', () => {
    const found = labelThresholds(known.labelled, values, 10);
    expect(found.map(({ label }) => label)).toEqual(['fifth', 'even']);
    for (const fit of found) {
      const label = names.indexOf(fit.label);
      const scores = [0, ...new Set(values)].map((threshold) => {
        const says = [...values.keys()].filter((i) => values[i]! > threshold);
        const hit = says.filter((i) => labels[i]!.includes(label)).length;
        const carried = labels.filter((own) => own.includes(label)).length;
        return {
          threshold,
          precision: hit / says.length,
          recall: hit / carried,
          f1: (2 * hit) / (says.length + carried),
        };
      });
      const best = Math.max(...scores.map(({ f1 }) => f1));
      expect(fit.f1).toBe(best);
      expect(scores.find(({ threshold }) => threshold === fit.threshold)).toMatchObject({
        f1: fit.f1,
        precision: fit.precision,
        recall: fit.recall,
      });
    }
    // The planted one: above the noise, all of it right.
    expect(found[0]).toMatchObject({ threshold: 2, precision: 1, recall: 0.8, tokens: 400 });
  });

  test('labels on few tokens are left out, and a feature that never fires tells none', () => {
    const all = Float32Array.from(values, () => 1);
    expect(
      labelThresholds(known.labelled, all, 10).every(({ tokens: count }) => count >= LEAST_LABELLED),
    ).toBe(true);
    expect(labelThresholds(known.labelled, new Float32Array(values.length), 10)).toEqual([]);
    expect(labelThresholds(undefined, values, 10)).toEqual([]);
  });
});

describe('metadata', () => {
  const reds = Float32Array.from(tokens, (text, i) => (text % 3 === 0 && i % 2 === 0 ? 1 : 0));

  test('what is over-represented comes with its share, rate and lift', () => {
    const [first] = metadataFits(known, reds, 10);
    const rate = tokens.filter((text) => text % 3 === 0).length / tokens.length;
    expect(first).toEqual({ field: 'colour', value: 'red', share: 1, rate, lift: 1 / rate });
  });

  test('a column of free text, chance, and a single text are no finding', () => {
    const many: KnownTexts = {
      ...known,
      text: known.rows,
      metadata: tokens.map((_, i) => [`unique ${i}`]),
      fields: ['note'],
    };
    expect(metadataFits(many, reds, 10)).toEqual([]);
    const everySecond = Float32Array.from(tokens, (_, i) => i % 2);
    expect(metadataFits(known, everySecond, 10)).toEqual([]);
    // Forty firings, but all of them in one text: that is one witness.
    const single = Float32Array.from(tokens, (text) => (text === 3 ? 1 : 0));
    expect(metadataFits({ ...known, fields: ['colour'] }, single, 10)).toEqual([]);
    expect(metadataFits(known, new Float32Array(tokens.length), 10)).toEqual([]);
  });
});

test('a feature’s values are found in the rows of the sample', () => {
  const sample = {
    rows: 3,
    item: new Uint32Array(3),
    token: new Uint32Array(3),
    offsets: Uint32Array.of(0, 2, 2, 3),
    indices: Uint32Array.of(7, 3, 7),
    values: Float32Array.of(5, 1, 2),
  };
  expect([...sampledValues(sample, Uint32Array.of(2, 0, 1), 7)]).toEqual([2, 5, 0]);
});
