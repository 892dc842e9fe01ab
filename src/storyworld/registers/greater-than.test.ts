import { expect, test } from 'vitest';
import { sample } from '../generate.ts';

const items = sample(22, 6000, { registers: ['greater-than'] });

/** Start and end years read from the text alone. */
const years = items.flatMap(({ text, tasks, spans }) => {
  const found = [...text.matchAll(/\d{4}/g)].map(([year]) => Number(year));
  expect(found).toHaveLength(2 * tasks.length);
  return tasks.map((task, i) => ({
    task,
    start: found[2 * i]!,
    end: found[2 * i + 1]!,
    span: spans.find(({ start }) => start === task.at)!,
  }));
});

test('the second year is later and of the same century', () => {
  for (const { start, end, span } of years) {
    expect(end).toBeGreaterThan(start);
    expect(Math.floor(end / 100)).toBe(Math.floor(start / 100));
    expect(span.labels).toMatchObject({
      startYear: start % 100,
      endYear: end % 100,
      century: Math.floor(end / 100),
    });
  }
});

test('the task splits all two-digit endings into later and not later', () => {
  for (const { task, start } of years.slice(0, 4000)) {
    expect([...task.correct, ...task.wrong].sort()).toEqual(
      Array.from({ length: 100 }, (_, n) => String(n).padStart(2, '0')),
    );
    expect(task.correct.every((ending) => Number(ending) > start % 100)).toBe(true);
    expect(task.wrong.every((ending) => Number(ending) <= start % 100)).toBe(true);
  }
});

function chiSquare(counts: readonly number[], expected: readonly number[]): number {
  return counts.reduce((sum, count, i) => sum + (count - expected[i]!) ** 2 / expected[i]!, 0);
}

test('start years are uniform on 02 to 97, end years on all later ones', () => {
  const starts = Array.from({ length: 96 }, () => 0);
  const ends = Array.from({ length: 100 }, () => 0);
  const expected = Array.from({ length: 100 }, () => 0);
  for (const { start, end } of years) {
    const first = start % 100;
    starts[first - 2]! += 1;
    ends[end % 100]! += 1;
    for (let later = first + 1; later < 100; later++) expected[later]! += 1 / (99 - first);
  }
  // Bounds are mean + 5 standard deviations of chi-square with that many degrees of freedom.
  expect(
    chiSquare(
      starts,
      Array.from({ length: 96 }, () => years.length / 96),
    ),
  ).toBeLessThan(95 + 5 * Math.sqrt(190));
  // Few start years allow an end year below 10, so those are counted together.
  const together = (counts: number[]): number[] => [
    counts.slice(0, 10).reduce((a, b) => a + b),
    ...counts.slice(10),
  ];
  expect(chiSquare(together(ends), together(expected))).toBeLessThan(90 + 5 * Math.sqrt(180));
});

test('the surprise of the ending is ln of the number of valid years, and the century is known', () => {
  for (const { span, task } of years) expect(span.nats).toBeCloseTo(Math.log(task.correct.length), 12);
  for (const { spans } of items)
    for (const { labels, nats } of spans)
      if (labels.slot === 'century') expect(nats).toBeCloseTo(labels.role === 'start' ? Math.log(8) : 0, 12);
});
