import { expect, test } from 'vitest';
import { sample } from '../generate.ts';
import { agreementNouns } from '../lexicon.ts';

const items = sample(24, 2000, { registers: ['agreement'] });
const plural = new Set(agreementNouns.map(([, many]) => many));
const singular = new Set(agreementNouns.map(([one]) => one));
const mainVerbs: Readonly<Record<string, 'singular' | 'plural'>> = {
  ...Object.fromEntries(['is', 'was', 'has', 'looks', 'seems', 'stays'].map((verb) => [verb, 'singular'])),
  ...Object.fromEntries(['are', 'were', 'have', 'look', 'seem', 'stay'].map((verb) => [verb, 'plural'])),
};

/** Agreement read from the words alone: noun 1 is the subject, "that the N" is followed by N's own verb. */
function check(sentence: string): { main: string; between: string[] } {
  const words = sentence.replace('.', '').split(' ');
  expect(words[0]).toBe('The');
  const nouns: string[] = [];
  for (const [i, word] of words.entries()) {
    const previous = words[i - 1]!;
    if (word in mainVerbs && nouns.length > 0) {
      expect(mainVerbs[word], sentence).toBe(plural.has(nouns[0]!) ? 'plural' : 'singular');
      return { main: word, between: nouns.slice(1) };
    }
    if (plural.has(word) || singular.has(word)) nouns.push(word);
    else if (nouns.includes(previous) && words[i - 3] === 'that')
      expect(word.endsWith('s'), sentence).toBe(singular.has(previous));
  }
  throw new Error(`no verb in "${sentence}"`);
}

test('every verb agrees with its subject, and the labels say which number stands between', () => {
  const seen = new Set<string>();
  for (const { text, spans } of items) {
    const verbs = spans.filter(({ labels }) => labels.role === 'main');
    const sentences = text.split(/(?<=\.) /);
    expect(verbs).toHaveLength(sentences.length);
    for (const [i, sentence] of sentences.entries()) {
      const { main, between } = check(sentence);
      const { start, end, labels } = verbs[i]!;
      expect(text.slice(start, end)).toBe(` ${main}`);
      expect(labels.number).toBe(mainVerbs[main]);
      expect(labels.subjectNumber).toBe(mainVerbs[main]);
      expect(labels.distance).toBe(between.length);
      const last = between.at(-1);
      expect(labels.distractorNumber).toBe(last && (plural.has(last) ? 'plural' : 'singular'));
      seen.add(`${labels.subjectNumber} ${labels.distractorNumber}`);
    }
  }
  expect(seen.size).toBe(6);
});

test('nouns carry their own number', () => {
  for (const { text, spans } of items)
    for (const { start, end, labels } of spans)
      if (labels.slot === 'noun')
        expect(labels.number === 'plural').toBe(plural.has(text.slice(start + 1, end)));
});

test('each verb is asked for, against its form in the other number', () => {
  for (const { spans, tasks } of items) {
    const verbs = spans.filter(({ labels }) => labels.slot === 'verb');
    expect(tasks.map(({ at }) => at)).toEqual(verbs.map(({ start }) => start));
    for (const { correct, wrong } of tasks) {
      expect([correct.length, wrong.length]).toEqual([1, 1]);
      const [right, other] = [correct[0]!.trim(), wrong[0]!.trim()];
      if (right in mainVerbs) {
        expect(mainVerbs[other]).toBeDefined();
        expect(mainVerbs[other]).not.toBe(mainVerbs[right]);
      } else expect([`${right}s`, right]).toContain(right.endsWith('s') ? `${other}s` : other.slice(0, -1));
    }
  }
});

test('both numbers are equally common', () => {
  const subjects = items.flatMap(({ spans }) => spans.filter(({ labels }) => labels.role === 'subject'));
  const share = subjects.filter(({ labels }) => labels.number === 'plural').length / subjects.length;
  expect(Math.abs(share - 0.5)).toBeLessThan(5 * Math.sqrt(0.25 / subjects.length));
});
