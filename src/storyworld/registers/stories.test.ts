import { expect, test } from 'vitest';
import { sample } from '../generate.ts';
import { characters, happy, sad } from '../lexicon.ts';
import type { Item } from '../types.ts';

const items = sample(27, 3000, { registers: ['stories'] });
const genderOf = new Map(characters.map(({ name, gender }) => [name, gender]));
const PRONOUNS: Readonly<Record<string, string>> = {
  he: 'male',
  him: 'male',
  his: 'male',
  she: 'female',
  her: 'female',
};

const pieces = ({ text, spans }: Item) =>
  spans.map((span) => ({ ...span, word: text.slice(span.start, span.end).trim() }));

test('names and pronouns agree with the gender of the person they stand for', () => {
  const seen = new Set<string>();
  for (const item of items.slice(0, 600))
    for (const { word, labels } of pieces(item)) {
      const gender = genderOf.get(word) ?? PRONOUNS[word.toLowerCase()];
      expect(labels.gender, word).toBe(gender);
      if (gender === undefined) continue;
      expect(genderOf.get(labels.name as string)).toBe(gender);
      if (labels.slot === 'name') expect(word).toBe(labels.name);
      seen.add(`${labels.entity} ${labels.slot} ${gender}`);
    }
  expect(seen.size).toBe(8);
});

test('a story has one hero and at most one friend', () => {
  for (const item of items) {
    const named = (entity: string) =>
      new Set(pieces(item).flatMap(({ labels }) => (labels.entity === entity ? [labels.name] : [])));
    expect(named('hero').size).toBeLessThanOrEqual(1);
    expect(named('friend').size).toBeLessThanOrEqual(1);
  }
});

test('feelings have the sentiment of their sentence', () => {
  for (const item of items)
    for (const { word, labels } of pieces(item)) {
      if (['happy', 'glad', 'proud', 'cheerful'].includes(word)) expect(labels.sentiment).toBe('positive');
      if (sad.includes(word)) expect(labels.sentiment).toBe('negative');
    }
  expect(happy.filter((word) => sad.includes(word))).toEqual([]);
});

test('quotation marks are paired and sentences begin with a capital', () => {
  for (const { text } of items) {
    expect((text.match(/"/g) ?? []).length % 2).toBe(0);
    expect(text).toMatch(/^["A-Z][^]*\.$/);
    expect(text).not.toMatch(/[.] [a-z]| {2}/);
  }
});

test('texts are varied', () => {
  const sentences = new Set(items.flatMap(({ text }) => text.split(/(?<=\.) /)));
  expect(sentences.size).toBeGreaterThan(8000);
  expect(new Set(items.map(({ text }) => text)).size).toBe(items.length);
});
