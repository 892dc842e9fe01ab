import { expect, test } from 'vitest';
import { sample } from '../generate.ts';
import { names } from '../lexicon.ts';

const items = sample(21, 1500, { registers: ['indirect-object'] });
const known = new Set(names);

/** Names of each answer's sentence, read from the text alone: the last four before and including the answer. */
const cases = items.flatMap(({ text, tasks, spans }) =>
  tasks.map((task) => {
    const end = spans.find(({ start }) => start === task.at)!.end;
    const found = [...text.slice(0, end).matchAll(/[A-Z][a-z]+/g)]
      .map(([word]) => word)
      .filter((word) => known.has(word));
    return { task, found: found.slice(-4), spans, text };
  }),
);

test('two names, one repeated, and the answer is the other', () => {
  for (const { task, found } of cases) {
    const [a, b, giver, receiver] = found;
    expect(a).not.toBe(b);
    expect([a, b]).toContain(giver);
    expect(receiver).toBe(giver === a ? b : a);
    expect(task).toMatchObject({ kind: 'indirect-object', correct: [` ${receiver}`], wrong: [` ${giver}`] });
  }
});

test('every sentence has one task, and its labels tell order, giver and receiver', () => {
  for (const { task, found, spans } of cases) {
    const { labels } = spans.find(({ start }) => start === task.at)!;
    expect(labels).toMatchObject({
      role: 'IO-answer',
      io: found[3],
      subject: found[2],
      order: found[2] === found[1] ? 'ABBA' : 'ABAB',
    });
  }
  for (const { spans, tasks } of items) {
    expect(spans.filter(({ labels }) => labels.role === 'S2')).toHaveLength(tasks.length);
    expect(tasks.length).toBeGreaterThanOrEqual(2);
    expect(tasks.length).toBeLessThanOrEqual(5);
  }
});

test('both orders come equally often, so the giver is worth ln 2 and the receiver nothing', () => {
  const share = cases.filter(({ found }) => found[2] === found[1]).length / cases.length;
  expect(Math.abs(share - 0.5)).toBeLessThan(5 * Math.sqrt(0.25 / cases.length));
  for (const { spans } of items)
    for (const { labels, nats } of spans) {
      if (labels.role === 'S2') expect(nats).toBeCloseTo(Math.LN2, 12);
      if (labels.role === 'IO-answer') expect(nats).toBe(0);
    }
});

test('at least 20 templates, and every name is used', () => {
  const shapes = new Set(
    cases.map(({ text, task, spans }) =>
      spans
        .filter(({ start, labels }) => start < task.at && labels.slot === 'word')
        .map(({ start, end }) => text.slice(start, end))
        .join(''),
    ),
  );
  expect(shapes.size).toBeGreaterThanOrEqual(20);
  expect(new Set(cases.flatMap(({ found }) => found)).size).toBe(names.length);
  expect(names.length).toBeGreaterThanOrEqual(30);
});
