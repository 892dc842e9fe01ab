import type { Passage } from './passage.ts';

/** From a code unit of the text to one past the last. */
export type Stretch = readonly [start: number, end: number];

/**
 * A property of a text that can be seen in the text alone, so that it can be counted in what a model writes. Most mirror
 * a label of `labels.ts`; the tests hold them against it.
 */
export interface Recogniser {
  id: string;
  title: string;
  meaning: string;
  /** Stretches with the property; they may overlap. */
  find(passage: Passage): Iterable<Stretch>;
}

type About = readonly [id: string, title: string, meaning: string];

/** Every match of a pattern, or of its first group, which must then stand at the match's end or begin. @param pattern global */
export function matching([id, title, meaning]: About, pattern: RegExp): Recogniser {
  return {
    id,
    title,
    meaning,
    find: ({ text }) =>
      Array.from(text.matchAll(pattern), (match): Stretch => {
        const [whole, part = whole] = match;
        const start = match.index + (whole.startsWith(part) ? 0 : whole.length - part.length);
        return [start, start + part.length];
      }),
  };
}

/** Words of a list; those without a capital also with one. */
export function wordsOf([id, title, meaning]: About, list: Iterable<string>): Recogniser {
  const wanted = new Set(list);
  return {
    id,
    title,
    meaning,
    find: ({ words }) =>
      words
        .filter(({ word }) => wanted.has(word) || wanted.has(word.toLowerCase()))
        .map(({ start, end }): Stretch => [start, end]),
  };
}
