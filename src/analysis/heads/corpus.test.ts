import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ModelTokenizer } from '../../model/tokenizer.ts';
import { generate } from '../../storyworld/index.ts';
import { markText, mostRows } from './attention-scores.ts';
import { type Corpus, openCorpus, type Reading } from './corpus.ts';
import { repeatedTexts } from './repeated.ts';
import { headScores } from './scores/index.ts';
import { type AttentionScore, scoredText, tokenClass } from './scores/score.ts';
import { SERIES, successorLists } from './scores/succession.ts';
import { Totals } from './totals.ts';

const json = (name: string): unknown =>
  JSON.parse(readFileSync(`public/models/storyworld-2m/${name}`, 'utf8'));
const tokenizer = new ModelTokenizer(json('tokenizer.json'), json('tokenizer_config.json'), {
  prependBos: true,
});
const reading: Reading = { tokenizer, prefix: tokenizer.prefix, rows: 32 };

describe('corpus', () => {
  test('Storyworld items as generated, cut to the rows there are, with a label for each row', () => {
    const corpus = openCorpus(
      { kind: 'storyworld', seed: 4, items: 3, registers: ['repeats', 'quotes'] },
      reading,
    );
    expect([corpus.count, corpus.groups]).toEqual([3, ['repeats', 'quotes']]);
    for (let i = 0; i < 3; i++) {
      const item = generate(4, i, { registers: ['repeats', 'quotes'] });
      const text = corpus.text(i);
      const all = [...tokenizer.prefix, ...tokenizer.tokenize(item.text).tokens];
      expect(text.group).toBe(item.register);
      expect(Array.from(text.ids)).toEqual(all.slice(0, 32).map(({ id }) => id));
      expect(text.labels).toHaveLength(text.ids.length);
      expect(text.labels![0]).toEqual({});
      expect(text.labels![1]).toMatchObject(item.spans[0]!.labels);
    }
  });

  test('a text in windows that follow each other; a rest of one row is left out', () => {
    const text = 'one two three '.repeat(21).trim();
    const all = tokenizer.tokenize(text).tokens.map(({ id }) => id);
    const corpus = openCorpus({ kind: 'text', text }, reading);
    const read = Array.from({ length: corpus.count }, (_, i) => Array.from(corpus.text(i).ids));
    expect(read.flatMap((ids) => ids.slice(1))).toEqual(all);
    expect(read.every((ids) => ids[0] === tokenizer.prefix[0]!.id && ids.length <= 32)).toBe(true);
    const bare = { ...reading, prefix: [], rows: all.length - 1 };
    expect(openCorpus({ kind: 'text', text }, bare).count).toBe(1);
  });

  test.each([
    { kind: 'text', text: '' },
    { kind: 'storyworld', seed: 1, items: 0 },
    { kind: 'storyworld', seed: 1, items: 1.5 },
    { kind: 'storyworld', seed: -1, items: 1 },
    { kind: 'storyworld', seed: 1, items: 1, registers: ['poems'] },
  ] as Corpus[])('refuses %j', (corpus) => {
    expect(() => openCorpus(corpus, reading)).toThrow(
      expect.objectContaining({ code: 'bad-input' }) as Error,
    );
  });

  test('as many rows as the context and the memory for patterns allow', () => {
    expect(mostRows({ nCtx: 256, nHeads: 6 })).toBe(256);
    const rows = mostRows({ nCtx: 8192, nHeads: 32 });
    expect(rows * rows * 32).toBeLessThanOrEqual(2 ** 24);
    expect(mostRows({ nCtx: 1024, nHeads: 12 })).toBe(1024);
  });
});

describe('repeated random tokens', () => {
  test('come twice in the same order, none special, none twice in a half, the same every time', () => {
    const [first, second] = repeatedTexts({ ...reading, rows: 256 });
    const own = Array.from(first!.ids).slice(1);
    expect(own).toHaveLength(100);
    expect(own.slice(0, 50)).toEqual(own.slice(50));
    expect(new Set(own).size).toBe(50);
    expect(own.some((id) => tokenizer.isSpecial(id))).toBe(false);
    expect(Array.from(second!.ids)).not.toEqual(Array.from(first!.ids));
    expect(repeatedTexts({ ...reading, rows: 256 })[0]!.ids).toEqual(first!.ids);
    expect(repeatedTexts({ ...reading, rows: 8 })[0]!.ids).toHaveLength(7);
  });

  test('do not fit a context of two', () => {
    expect(() => repeatedTexts({ ...reading, rows: 2 })).toThrow('too short');
  });
});

describe('scores', () => {
  const attention = headScores.filter((score): score is AttentionScore => score.kind === 'attention');

  test('each has its own id, few enough for one mark each, and says what it is', () => {
    expect(new Set(headScores.map(({ info }) => info.id)).size).toBe(headScores.length);
    expect(attention.length).toBeLessThanOrEqual(32);
    for (const { info } of headScores) expect(info.definition.length).toBeGreaterThan(40);
  });

  test('long range counts keys more than 64 back but for row 0, and only rows that have one', () => {
    const score = attention.find(({ info }) => info.id === 'long-range')!;
    const ids = new Uint32Array(70);
    const text = scoredText({ group: '', ids, tokens: [], prefix: 1 });
    const { marks, counts } = markText(text, [score]);
    const keys = (t: number): number[] =>
      Array.from({ length: 70 }, (_, s) => s).filter((s) => marks[t * 70 + s] === 1);
    expect([keys(65), keys(66), keys(69)]).toEqual([[], [1], [1, 2, 3, 4]]);
    expect([65, 66, 69].map(counts[0]!)).toEqual([false, true, true]);
  });

  test('the name mover looks from the token before each answer to the name its own sentence gave', () => {
    const score = attention.find(({ info }) => info.id === 'name-mover')!;
    const corpus = openCorpus(
      { kind: 'storyworld', seed: 2, items: 6, registers: ['indirect-object'] },
      { ...reading, rows: 256 },
    );
    let sentences = 0;
    for (let i = 0; i < corpus.count; i++) {
      const text = corpus.text(i);
      const { marks, counts } = markText(scoredText(text), [score]);
      const rows = text.ids.length;
      for (let t = 0; t < rows; t++) {
        const answer = text.labels![t + 1]?.role === 'IO-answer';
        const keys = Array.from({ length: t + 1 }, (_, s) => s).filter((s) => marks[t * rows + s] !== 0);
        expect(keys).toHaveLength(answer ? 1 : 0);
        expect(counts[0]!(t)).toBe(answer);
        if (!answer) continue;
        sentences += 1;
        expect(text.ids[keys[0]!]).toBe(text.ids[t + 1]);
        expect(text.tokens[t + 1]!.start - text.tokens[keys[0]!]!.start).toBeLessThan(90);
      }
    }
    expect(sentences).toBeGreaterThan(10);
  });

  test('the name mover looks at the first token of a name that is several', () => {
    const score = attention.find(({ info }) => info.id === 'name-mover')!;
    const roles = ['', 'IO', 'IO', '', 'S1', '', '', 'IO-answer', 'IO-answer', ''];
    const ids = Uint32Array.of(0, 5, 6, 1, 7, 2, 3, 5, 6, 4);
    const labels = roles.map((role): Record<string, string> => (role === '' ? {} : { role }));
    const text = scoredText({ group: '', ids, tokens: [], prefix: 1, labels });
    const { marks, counts } = markText(text, [score]);
    expect([...marks.entries()].filter(([, mark]) => mark !== 0)).toEqual([[6 * 10 + 1, 1]]);
    expect(roles.map((_, t) => t).filter(counts[0]!)).toEqual([6]);
  });

  test.each([
    ['.', 'punctuation'], [' ,', 'punctuation'], ['...', 'punctuation'], [' (', 'bracket'], ['.”', 'bracket'],
    ['"', 'bracket'], ['’', 'bracket'], ['’s', 'word'], [' a', 'word'], [' ', 'word'], ['', 'word'], [' 17', 'word'],
  ])('%j is a %s', (text, expected) => expect(tokenClass(text)).toBe(expected)); // oxfmt-ignore

  test('successors: what follows in its series, of single tokens only', () => {
    const lists = successorLists(tokenizer);
    const words = lists.map(({ ids }) => ids.map((id) => tokenizer.text(id)));
    const numbers = words.findIndex(([first]) => first === ' one');
    expect(words[numbers]).toEqual(SERIES[2]!.items.slice(0, 10).map((word) => ` ${word}`));
    expect(lists[numbers]!.next).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, -1]);
    // This vocabulary has no days.
    expect(words.flat()).not.toContain(' Monday');
    const letters = {
      tokenize: (text: string) => ({ tokens: [{ id: text.trim().charCodeAt(0) }], notes: [] }),
    };
    const [days] = successorLists(letters as unknown as ModelTokenizer);
    expect(days!.next).toEqual([1, 2, 3, 4, 5, 6, 0]);
  });
});

test('totals are the weighted mean and deviation of what was added', () => {
  const totals = new Totals(2);
  expect(totals.mean[0]).toBeNaN();
  totals.add([8, 3], 4); // 2, 0.75
  totals.add([5, 0], 1); // 5, 0
  totals.add([9, 9], 0);
  expect(Array.from(totals.mean)).toEqual([Math.fround(13 / 5), Math.fround(0.6)]);
  expect(totals.spread[0]).toBeCloseTo(Math.sqrt((4 * 0.6 ** 2 + 2.4 ** 2) / 5), 6);
});
