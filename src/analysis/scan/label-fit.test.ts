import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SparseCodes } from '../../dictionary/codes.ts';
import { type ChosenFit, fitLatent, LabelChooser, LabelledTokens, LabelMeasure } from './label-fit.ts';

type Row = { fires: Record<number, number>; labels: string[] };

function codesOf(rows: readonly Row[]): SparseCodes {
  const sorted = rows.map(({ fires }) => Object.entries(fires).sort((a, b) => b[1] - a[1]));
  let entries = 0;
  const ends = sorted.map(({ length }) => (entries += length));
  return {
    offsets: Uint32Array.from([0, ...ends]),
    indices: Uint32Array.from(sorted.flat(), ([latent]) => Number(latent)),
    values: Float32Array.from(sorted.flat(), ([, value]) => value),
  };
}

const pairsOf = (rows: readonly Row[]): string[][] => rows.map(({ labels }) => labels);

/** Every latent and threshold tried, as the definition says it. */
function bruteForce(rows: readonly Row[], dSae: number, label: string): ChosenFit | undefined {
  const carries = rows.map(({ labels }) => labels.includes(label));
  const total = carries.filter(Boolean).length;
  let best: ChosenFit | undefined;
  for (let feature = 0; feature < dSae; feature++) {
    const values = rows.map(({ fires }) => Math.fround(fires[feature] ?? 0));
    const firings = values.filter((value) => value > 0).sort((a, b) => b - a);
    if (firings.length < 5) continue;
    const counts = new Set(Array.from({ length: 40 }, (_, i) => Math.ceil(((i + 1) * firings.length) / 40)));
    for (const count of counts) {
      const threshold = firings[count] ?? 0;
      if (threshold === firings[count - 1]) continue;
      const says = values.map((value) => value > threshold);
      const fired = says.filter(Boolean).length;
      const hits = says.filter((each, i) => each && carries[i]).length;
      const f1 = (2 * hits) / (fired + total);
      if (f1 > (best?.f1 ?? 0)) best = { feature, threshold, fired, hits, f1 };
    }
  }
  return best;
}

// Few values, so that many are equal.
const row = fc.record({
  fires: fc.dictionary(
    fc.integer({ min: 0, max: 5 }).map(String),
    fc.oneof(fc.constantFrom(0.1, 0.5, 1, 2.25, 30), fc.double({ min: 0.01, max: 9, noNaN: true })),
    {
      noNullPrototype: true,
    },
  ),
  labels: fc.uniqueArray(fc.constantFrom('a=1', 'a=2', 'b=x', 'c=0')),
});
const texts = fc.array(fc.array(row, { minLength: 1, maxLength: 30 }), { minLength: 1, maxLength: 6 });

function choose(chooser: LabelChooser, sample: readonly Row[][], firstRow: number): number {
  let readings = 0;
  while (chooser.from < chooser.dSae) {
    readings += 1;
    for (const text of sample) chooser.add(codesOf(text), pairsOf(text), firstRow);
    for (const _ of chooser.choose());
  }
  return readings;
}

test('the latent and threshold of every label are those of trying all; also in several readings', () => {
  fc.assert(
    fc.property(
      texts,
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 0, max: 1 }),
      (sample, most, from) => {
        const chooser = new LabelChooser(6, most);
        choose(chooser, sample, from);
        const rows = sample.flatMap((text) => text.slice(from));
        for (const label of ['a=1', 'a=2', 'b=x', 'c=0']) {
          const number = chooser.labelled.numberOf(label);
          const found = number === undefined ? undefined : chooser.best[number];
          expect(found).toEqual(bruteForce(rows, 6, label));
        }
        expect(chooser.labelled.tokens).toBe(rows.length);
      },
    ),
    { numRuns: 80 },
  );
});

test('as many latents a reading as there is room for, and one that has no room is read all the same', () => {
  const text = Array.from({ length: 8 }, (): Row => ({ fires: { 0: 1, 1: 2, 2: 3, 3: 4 }, labels: ['a=1'] }));
  const counted = (most: number): number => choose(new LabelChooser(4, most), [text], 0);
  expect([1000, 16, 8, 2].map(counted)).toEqual([1, 2, 4, 4]);
});

test('a planted truth is found, and measured on tokens it was not chosen on', () => {
  // Latent 3 is above 1 where the label is; below it also elsewhere. Latent 1 fires everywhere.
  const make = (on: number, off: number, missed: number): Row[] => [
    { fires: { 3: 50 }, labels: ['first=row'] },
    ...Array.from({ length: on }, (_, i): Row => ({ fires: { 1: 1, 3: 1.5 + i }, labels: ['k=v', 'all=1'] })),
    ...Array.from({ length: off }, (): Row => ({ fires: { 1: 1, 3: 1 }, labels: ['all=1'] })),
    ...Array.from({ length: missed }, (): Row => ({ fires: { 1: 1 }, labels: ['k=v', 'all=1', 'late=1'] })),
  ];
  const chooser = new LabelChooser(5);
  choose(chooser, [make(6, 20, 0)], 1);
  const measure = new LabelMeasure(chooser, 0);
  const fresh = make(5, 10, 3);
  measure.add(codesOf(fresh), pairsOf(fresh), 1);
  const rows = measure.rows();
  // `late=1` was not there when labels were listed.
  expect(rows.map(({ label, tokens }) => [label, tokens])).toEqual([
    ['all=1', 18],
    ['k=v', 8],
  ]);
  expect(rows[1]).toEqual({
    label: 'k=v',
    feature: 3,
    threshold: 1,
    fired: 5,
    hits: 5,
    precision: 1,
    recall: 5 / 8,
    f1: 10 / 13,
    chosenF1: 1,
    tokens: 8,
    rate: 8 / 18,
  });
  expect(rows[0]).toMatchObject({ feature: 1, threshold: 0, f1: 1 });
  // 6 of 26 tokens they were chosen on.
  expect(new LabelMeasure(chooser, 6 / 26).rows().map(({ label }) => label)).toEqual(['all=1']);
});

test('nothing to divide by, and a label no latent tells', () => {
  const chooser = new LabelChooser(2);
  const rows = [{ fires: { 0: 1 }, labels: ['rare=1'] }];
  choose(chooser, [rows], 0);
  expect(new LabelMeasure(chooser, 0).rows()).toEqual([
    {
      label: 'rare=1',
      feature: -1,
      threshold: 0,
      fired: 0,
      hits: 0,
      precision: 0,
      recall: 0,
      f1: 0,
      chosenF1: 0,
      tokens: 0,
      rate: 0,
    },
  ]);
});

test('one latent alone, with equal values in a row', () => {
  const labelled = new LabelledTokens();
  for (const label of ['x', 'x', 'y', 'x', 'y', 'y']) labelled.add([label]);
  const best: (ChosenFit | undefined)[] = [];
  const firings = { tokens: Uint32Array.of(4, 0, 1, 2, 5), values: Float32Array.of(1, 2, 2, 2, 0.5) };
  fitLatent(7, firings, labelled, best);
  // x: 0, 1 and 2 are cut off together: 2 hits of 3.
  expect(best[labelled.numberOf('x')!]).toEqual({ feature: 7, threshold: 1, fired: 3, hits: 2, f1: 4 / 6 });
  expect(best[labelled.numberOf('y')!]).toEqual({ feature: 7, threshold: 0, fired: 5, hits: 3, f1: 6 / 8 });
  // Two parts: cut after 3 of 5, and after all.
  const halves: (ChosenFit | undefined)[] = [];
  fitLatent(7, firings, labelled, halves, 2);
  expect(halves).toEqual(best);
  const whole: (ChosenFit | undefined)[] = [];
  fitLatent(7, firings, labelled, whole, 1);
  expect(whole[labelled.numberOf('x')!]).toMatchObject({ threshold: 0, fired: 5, hits: 2 });
});
