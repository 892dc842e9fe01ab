import { expect, test } from 'vitest';
import { generate } from '../generate.ts';
import { animals, characters, colours, happy, names, places, sad } from '../lexicon.ts';
import { labelTokens } from '../token-labels.ts';
import type { Labels } from '../types.ts';
import { recognise, recognisers } from './index.ts';

/** Whether a token has the property, by the answer key; undefined where the key does not say. */
type Truth = (labels: Labels, text: string) => boolean | undefined;

const female = new Set(characters.filter(({ gender }) => gender === 'female').map(({ name }) => name));
const register =
  (id: string): Truth =>
  (labels) =>
    labels['register'] === id;
/** Only in these registers does the key name the slot. */
const slot =
  (name: string, ...registers: string[]): Truth =>
  (labels) =>
    registers.includes(labels['register'] as string) ? labels['slot'] === name : undefined;
const named =
  (wanted: boolean | undefined): Truth =>
  ({ register: r, slot: s, name }) =>
    s === 'speech' || r === 'docstrings'
      ? undefined
      : s === 'name' && (wanted === undefined || female.has(name as string) === wanted);
const pronoun =
  (gender: string): Truth =>
  ({ register: r, slot: s, gender: g }) =>
    r === 'stories' ? s === 'pronoun' && g === gender : undefined;
const agreeing =
  (s: string, n: string): Truth =>
  (l) =>
    l['register'] === 'agreement' ? l['slot'] === s && l['number'] === n : undefined;
const mark =
  (unit: string): Truth =>
  ({ slot: s }, text) =>
    s === 'punctuation' && text.includes(unit);
const century =
  (n: number): Truth =>
  ({ slot: s, century: c }) =>
    (s === 'century' || s === 'year') && c === n;

/** The key names no word, but the kind of place it stands in; in sequences and speech it does not. */
const single =
  (word: string): Truth =>
  ({ slot: s, register: r, place, name }, text) => {
    if (names.includes(word) && s === 'name') return name === word;
    if (places.includes(word) && r === 'stories') return s === 'place' ? place === word : undefined;
    return ['place', 'animal', 'colour'].includes(s as string) ? text.trim() === word : undefined;
  };

const truths: Record<string, Truth> = {
  stories: register('stories'),
  'indirect-object': register('indirect-object'),
  'greater-than': register('greater-than'),
  repeats: register('repeats'),
  agreement: register('agreement'),
  docstrings: register('docstrings'),
  speech: (l) => 'speaker' in l,
  brackets: (l) => l['register'] === 'quotes' && !('speaker' in l),
  good: (l) => l['sentiment'] === 'positive',
  bad: (l) => l['sentiment'] === 'negative',
  quoted: (l) => Number(l['quoteDepth'] ?? 0) >= 1,
  'quoted-twice': (l) => Number(l['quoteDepth'] ?? 0) >= 2,
  bracketed: (l) => Number(l['bracketDepth'] ?? 0) >= 1,
  'bracketed-deep': (l) => Number(l['bracketDepth'] ?? 0) >= 2,
  'bracket-open': (l) => l['slot'] === 'bracket-open',
  'bracket-close': (l) => l['slot'] === 'bracket-close',
  'bracket-round': (l) => l['closes'] === '(',
  'bracket-square': (l) => l['closes'] === '[',
  'bracket-curly': (l) => l['closes'] === '{',
  'full-stop': mark('.'),
  comma: mark(','),
  semicolon: mark(';'),
  copied: (l) => l['register'] === 'repeats' && 'repeatOf' in l,
  newline: (l) => l['slot'] === 'newline',
  name: named(undefined),
  'female-name': named(true),
  'male-name': named(false),
  she: pronoun('female'),
  he: pronoun('male'),
  place: slot('place', 'stories', 'indirect-object'),
  object: slot('object', 'stories', 'indirect-object'),
  animal: slot('animal', 'stories'),
  colour: slot('colour', 'stories'),
  size: slot('adjective', 'stories'),
  happy: (l, text) => (l['sentiment'] === 'positive' ? happy.includes(text.trim()) : false),
  sad: (l, text) => (l['sentiment'] === 'negative' ? sad.includes(text.trim()) : false),
  event: (l) => l['register'] === 'greater-than' && l['slot'] === 'noun',
  century: (l) => l['slot'] === 'century',
  year: (l) => l['slot'] === 'year',
  ...Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`century-${11 + i}`, century(11 + i)])),
  'plural-noun': agreeing('noun', 'plural'),
  'plural-verb': agreeing('verb', 'plural'),
  'singular-verb': agreeing('verb', 'singular'),
  preposition: slot('preposition', 'agreement'),
  state: (l) => (l['register'] === 'agreement' ? l['slot'] === 'adjective' : undefined),
  says: slot('verb', 'quotes'),
  receiver: (l) => l['register'] === 'indirect-object' && l['role'] === 'IO-answer',
  ...Object.fromEntries(
    [...names, ...places, ...animals, ...colours].map((word) => [`word-${word}`, single(word)]),
  ),
  argument: (l) => l['slot'] === 'argument',
  keyword: (l) => l['slot'] === 'keyword',
  note: (l) => l['slot'] === 'note',
  parameter: (l) => l['role'] === 'docstring',
};

const SEED = 5;
const ITEMS = 600;
/** Seen less often, an F1 says little. */
const FEWEST = 5;
const LEAST_F1 = 0.9;

interface Counts {
  both: number;
  said: number;
  true: number;
}

/** Words with the space before them, and single marks: about what the bundled tokenizer makes of these texts. */
function pieces(text: string): { text: string; start: number; end: number }[] {
  return Array.from(
    text.matchAll(/ ?[A-Za-z]+| ?\d{1,2}| ?[^\sA-Za-z\d]|\n+|[^\S\n]+/g),
    ({ 0: piece, index }) => ({
      text: piece,
      start: index,
      end: index + piece.length,
    }),
  );
}

test('every property is recognised in the language with an F1 of at least 0.9 against its answer key', () => {
  const counts = recognisers.map((): Counts => ({ both: 0, said: 0, true: 0 }));
  for (let item = 0; item < ITEMS; item++) {
    const text = generate(SEED, item);
    const tokens = pieces(text.text);
    const labels = labelTokens(text, tokens);
    recognise(text.text, tokens).forEach((found, number) => {
      const truth = truths[recognisers[number]!.id]!;
      const sums = counts[number]!;
      tokens.forEach((token, t) => {
        const right = truth(labels[t]!, token.text);
        if (right === undefined) return;
        sums.both += right && found[t] === 1 ? 1 : 0;
        sums.said += found[t]!;
        sums.true += right ? 1 : 0;
      });
    });
  }
  const scores = recognisers.map(({ id }, number) => {
    const { both, said, true: present } = counts[number]!;
    return { id, f1: Math.round((2000 * both) / (said + present)) / 1000, present };
  });
  expect(scores.filter(({ f1, present }) => !(f1 >= LEAST_F1) || present < FEWEST)).toEqual([]);
});

test('each has a name of its own and a truth to be held against', () => {
  const ids = recognisers.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(Object.keys(truths).sort()).toEqual([...ids].sort());
  expect(ids.length).toBeGreaterThanOrEqual(30);
});

const marked = (id: string, text: string): string[] => {
  const tokens = pieces(text);
  const [found] = recognise(
    text,
    tokens,
    recognisers.filter((each) => each.id === id),
  );
  return tokens.filter((_, t) => found![t] === 1).map((token) => token.text.trim());
};

test('what was broken off is recognised as far as it goes', () => {
  expect(marked('century', 'The war began in 18')).toEqual(['18']);
  expect(marked('bracketed', '( dog [ cat')).toEqual(['(', 'dog', '[', 'cat']);
  expect(marked('bracketed-deep', '( dog [ cat ] box')).toEqual(['[', 'cat', ']']);
  expect(marked('quoted', '"I saw a dog')).toEqual(['"', 'I', 'saw', 'a', 'dog']);
  expect(marked('copied', 'red dog box park hill tree ; red cat box')).toEqual(['red', 'box']);
  expect(marked('docstrings', 'Tom sat. def load(self, path):\n    """Load')).toEqual(
    pieces('def load(self, path):\n    """Load').map(({ text }) => text.trim()),
  );
});

test('any text can be read', () => {
  for (const text of [
    '',
    ' ',
    '\n\n',
    '....',
    '((((((',
    '"""" \' "',
    ') ] }',
    'x'.repeat(20_000),
    '( '.repeat(5_000),
    ' 18'.repeat(5_000),
  ])
    expect(recognise(text, pieces(text)).map(({ length }) => length)).toEqual(
      recognisers.map(() => pieces(text).length),
    );
});
