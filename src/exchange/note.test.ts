import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FacetError } from '../shared/errors.ts';
import {
  addExplanations,
  bestExplanation,
  type Explanation,
  MAX_EXPLANATIONS,
  MAX_PER_FEATURE,
} from './explanation.ts';
import { type FeatureNote, isEmpty, mergeNotes, newestOf, NO_NOTE } from './note.ts';
import { readNotes, writeNotes } from './notes-file.ts';

const dated = fc.record({ text: fc.constantFrom('', 'a', 'b', 'c'), changed: fc.nat({ max: 3 }) });
const anyNote: fc.Arbitrary<FeatureNote> = fc.record({ label: dated, note: dated });
const at = (label: string, changed: number, note = '', noted = 0): FeatureNote => ({
  label: { text: label, changed },
  note: { text: note, changed: noted },
});

test('tabs agree on the newest edit, in whatever order they hear of it', () => {
  fc.assert(
    fc.property(anyNote, anyNote, anyNote, (a, b, c) => {
      expect(newestOf(a, b)).toEqual(newestOf(b, a));
      expect(newestOf(a, newestOf(b, c))).toEqual(newestOf(newestOf(a, b), c));
      expect(newestOf(a, a)).toEqual(a);
    }),
  );
  expect(newestOf(at('old', 1, 'new', 2), at('new', 2, 'old', 1))).toEqual(at('new', 2, 'new', 2));
  expect(newestOf(at('kept', 1), at('', 2)).label.text).toBe('');
});

test('of a file the newest text of each field is taken, and what gives way is told', () => {
  expect(mergeNotes(at('mine', 5, '', 9), at('theirs', 3, 'note', 1))).toEqual({
    note: at('mine', 5, 'note', 1),
    replaced: [{ field: 'label', text: 'theirs' }],
  });
  expect(mergeNotes(at('mine', 1), at('theirs', 3))).toEqual({
    note: at('theirs', 3),
    replaced: [{ field: 'label', text: 'mine' }],
  });
  // A copy of before a deletion brings the text back.
  expect(mergeNotes(at('', 9), at('copy', 3)).note.label.text).toBe('copy');
  fc.assert(
    fc.property(anyNote, anyNote, (own, other) => {
      const { note, replaced } = mergeNotes(own, other);
      for (const field of ['label', 'note'] as const) {
        const texts = new Set([own[field].text, other[field].text].filter((text) => text !== ''));
        const found = [
          note[field].text,
          ...replaced.filter((one) => one.field === field).map(({ text }) => text),
        ];
        // Nothing is lost and nothing is made up.
        expect(new Set(found.filter((text) => text !== ''))).toEqual(texts);
      }
    }),
  );
});

test('a note without text is empty', () => {
  expect(isEmpty(NO_NOTE)).toBe(true);
  expect(isEmpty(at('', 4, '', 4))).toBe(true);
  expect(isEmpty(at('', 0, 'x'))).toBe(false);
});

const explanation = (description: string, ...scores: number[]): Explanation => ({
  description,
  type: '',
  author: '',
  source: 's',
  scores: scores.map((value) => ({ type: 'recall', value })),
});

test('explanations are added once, within their bounds', () => {
  const before = { 3: [explanation('a')] };
  const more = ['a', 'b', 'b'].map((text) => ({ feature: 3, explanation: explanation(text) }));
  const { all, ...counts } = addExplanations(before, more);
  expect(counts).toEqual({ added: 1, known: 2, left: 0 });
  expect(all[3]!.map(({ description }) => description)).toEqual(['a', 'b']);
  expect(before[3]).toHaveLength(1);

  const many = Array.from({ length: MAX_PER_FEATURE + 5 }, (_, i) => ({
    feature: 1,
    explanation: explanation(String(i)),
  }));
  expect(addExplanations({}, many)).toMatchObject({ added: MAX_PER_FEATURE, left: 5 });
  const full = Object.fromEntries(
    Array.from({ length: MAX_EXPLANATIONS }, (_, i) => [i, [explanation('x')]]),
  );
  expect(addExplanations(full, [{ feature: 0, explanation: explanation('y') }])).toMatchObject({
    added: 0,
    left: 1,
  });
});

test('the explanation a feature goes by is the best scored', () => {
  expect(bestExplanation([])).toBeUndefined();
  expect(bestExplanation(undefined)).toBeUndefined();
  expect(bestExplanation([explanation('first'), explanation('second')])?.description).toBe('first');
  expect(
    bestExplanation([explanation('none'), explanation('low', 0.2), explanation('high', 0.1, 0.9)])
      ?.description,
  ).toBe('high');
});

const digest = fc.string({
  unit: fc.constantFrom(...'0123456789abcdef'.split('')),
  minLength: 16,
  maxLength: 16,
});
const someDated = fc.record({ text: fc.string({ maxLength: 20 }), changed: fc.nat() });
const anyNotes = fc.array(
  fc.record({
    model: fc.string(),
    modelDigest: digest,
    dictionary: fc.string(),
    dictionaryDigest: digest,
    notes: fc.array(fc.record({ feature: fc.nat({ max: 2 ** 31 - 1 }), label: someDated, note: someDated }), {
      maxLength: 4,
    }),
    explanations: fc.array(
      fc.record({
        feature: fc.nat({ max: 2 ** 31 - 1 }),
        description: fc.string({ minLength: 1 }),
        type: fc.string(),
        author: fc.string(),
        source: fc.string(),
        scores: fc.array(
          fc.record({
            type: fc.string(),
            value: fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0),
          }),
          { maxLength: 2 },
        ),
      }),
      { maxLength: 4 },
    ),
  }),
  { maxLength: 3 },
);

test('notes are read as they were written', () => {
  fc.assert(
    fc.property(anyNotes, (notes) => {
      expect(readNotes(writeNotes(notes))).toEqual(notes);
    }),
  );
});

test('a file of notes says what is wrong with it', () => {
  const good = {
    model: 'm',
    modelDigest: '0'.repeat(16),
    dictionary: 'd',
    dictionaryDigest: 'f'.repeat(16),
    notes: [{ feature: 1, ...at('l', 1) }],
    explanations: [],
  };
  const file = (part: object): string =>
    JSON.stringify({ format: 'facet-notes', version: 1, dictionaries: [{ ...good, ...part }] });
  expect(readNotes(file({}))).toHaveLength(1);
  expect(() => readNotes('{')).toThrow('is not JSON');
  expect(() => readNotes('{"format":"facet-recipe"}')).toThrow('is not a file of notes');
  expect(() => readNotes('{"format":"facet-notes","version":2}')).toThrow('newer Facet');
  expect(() => readNotes(file({ modelDigest: 'short' }))).toThrow('dictionaries.0.modelDigest');
  expect(() => readNotes(file({ notes: [{ feature: -1, ...at('l', 1) }] }))).toThrow('notes.0.feature');
  expect(() => readNotes(file({ notes: [{ feature: 1, ...at('l'.repeat(201), 1) }] }))).toThrow('label.text');
  expect(() => readNotes(file({ notes: [{ feature: 1, ...at('l', Infinity) }] }))).toThrow('label.changed');
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string()), (content) => {
      expect(() => readNotes(content)).toThrow(FacetError);
    }),
  );
});
