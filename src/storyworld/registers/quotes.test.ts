import { expect, test } from 'vitest';
import { sample } from '../generate.ts';

const items = sample(25, 500, { registers: ['quotes'] });
const CLOSING: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}', '"': '"', "'": "'" };

test('brackets and quotes close in order, and the depth labels say how many are open', () => {
  const depths = new Set<string>();
  for (const { text, spans } of items) {
    const open: string[] = [];
    for (const { start, end, labels } of spans) {
      const mark = text.slice(start, end).trim();
      const closes = open.length > 0 && mark === CLOSING[open.at(-1)!];
      const opens = !closes && mark in CLOSING;
      if (!closes && !opens) expect([')', ']', '}'], text).not.toContain(mark);
      if (opens) open.push(mark);
      const quoted = open.filter((one) => one === '"' || one === "'").length;
      expect(labels.quoteDepth, text).toBe(quoted);
      expect(labels.bracketDepth, text).toBe(open.length - quoted);
      expect(labels.closes, text).toBe(closes && labels.slot === 'bracket-close' ? open.at(-1) : undefined);
      if (closes) open.pop();
      depths.add(`${quoted} ${open.length - quoted}`);
    }
    expect(open, text).toEqual([]);
  }
  for (const depth of ['1 0', '2 0', '0 3']) expect(depths).toContain(depth);
});

test('every closing bracket is asked for, against the other two', () => {
  for (const { spans, tasks } of items) {
    const asked = tasks.filter(({ kind }) => kind === 'bracket');
    const closing = spans.filter(({ labels }) => labels.slot === 'bracket-close');
    expect(asked.map(({ at }) => at)).toEqual(closing.map(({ start }) => start));
    for (const { correct, wrong } of asked) expect([...correct, ...wrong].sort()).toEqual([' )', ' ]', ' }']);
  }
});

test('every outer closing quote is asked for and fully determined', () => {
  for (const { text, spans, tasks } of items) {
    const asked = tasks.filter(({ kind }) => kind === 'quote');
    expect(asked).toHaveLength((text.match(/"/g) ?? []).length / 2);
    for (const { at } of asked) {
      expect(text[at - 1]).toBe(',');
      expect(spans.find(({ start }) => start === at)).toMatchObject({
        nats: 0,
        labels: { slot: 'quote-close', quoteDepth: 1 },
      });
    }
    expect(tasks.every(({ kind }) => kind === 'quote' || kind === 'bracket')).toBe(true);
  }
});

test('the speaker label names whoever is said to have spoken', () => {
  for (const { text, spans } of items)
    for (const { start, end, labels } of spans)
      if (labels.slot === 'name') {
        expect(text.slice(start + 1, end)).toBe(labels.name);
        expect(labels.speaker).toBe(labels.name);
      }
});
