import { expect, test } from 'vitest';
import { sample } from '../generate.ts';
import { sequenceWords } from '../lexicon.ts';

const items = sample(23, 3000, { registers: ['repeats'] });
const copiesOf = (text: string): string[][] =>
  text
    .replace(/\.$/, '')
    .split(' ;')
    .map((copy) => copy.trim().split(' '));

test('two or three copies of the same 8 to 40 words of the list', () => {
  const known = new Set(sequenceWords);
  const counts = new Set<number>();
  for (const { text } of items) {
    const [first, ...rest] = copiesOf(text);
    expect(first!.length).toBeGreaterThanOrEqual(8);
    expect(first!.length).toBeLessThanOrEqual(40);
    expect(first!.every((word) => known.has(word))).toBe(true);
    for (const copy of rest) expect(copy).toEqual(first);
    counts.add(rest.length + 1);
  }
  expect([...counts].sort()).toEqual([2, 3]);
});

test('repeatOf points to the same piece one copy earlier', () => {
  for (const { text, spans } of items.slice(0, 500)) {
    const starts = new Map(spans.map((span) => [span.start, span]));
    for (const { start, end, labels } of spans) {
      if (labels.slot !== 'word') continue;
      expect('repeatOf' in labels).toBe(labels.copy !== 0);
      if (labels.copy === 0) continue;
      const source = starts.get(labels.repeatOf as number)!;
      expect(text.slice(source.start, source.end)).toBe(text.slice(start, end));
      expect(source.labels).toMatchObject({ copy: (labels.copy as number) - 1, index: labels.index });
    }
  }
});

test('several tasks ask for words of the second copy', () => {
  for (const { spans, tasks } of items) {
    expect(tasks).toHaveLength(4);
    expect(new Set(tasks.map(({ at }) => at)).size).toBe(4);
    for (const { at } of tasks) expect(spans.find(({ start }) => start === at)!.labels.copy).toBe(1);
  }
});

test('the first copy is uniform; later copies hold no surprise', () => {
  expect(new Set(sequenceWords).size).toBe(200);
  const counts = new Map(sequenceWords.map((word) => [word, 0]));
  let total = 0;
  for (const { text, spans } of items)
    for (const { start, end, labels, nats } of spans) {
      if (labels.slot !== 'word') continue;
      if (labels.copy !== 0) {
        expect(nats).toBe(0);
        continue;
      }
      const word = text.slice(start + 1, end);
      counts.set(word, counts.get(word)! + 1);
      total++;
      // Once eight words stand, the sequence goes on with probability (40 − i) / (41 − i).
      const index = labels.index as number;
      const goesOn = index < 8 ? 1 : (40 - index) / (41 - index);
      expect(nats).toBeCloseTo(Math.log(200) - Math.log(goesOn), 10);
    }
  const expected = total / 200;
  const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  expect(chiSquare).toBeLessThan(199 + 5 * Math.sqrt(398));
});

test('lengths are uniform, as the surprise of going on assumes', () => {
  const counts = Array.from({ length: 33 }, () => 0);
  for (const { text } of items) counts[copiesOf(text)[0]!.length - 8]! += 1;
  const expected = items.length / 33;
  expect(counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)).toBeLessThan(32 + 5 * 8);
});
