import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { generate, sample } from './generate.ts';
import { type LabelUse, labels } from './labels.ts';
import { registers } from './registers/index.ts';
import type { Item, LabelValue } from './types.ts';

const uses = new Map(labels.map(({ name, uses: byRegister }) => [name, byRegister]));

function allowed(use: LabelUse, value: LabelValue, pieceStart: number): boolean {
  if ('words' in use) return typeof value === 'string' && use.words.includes(value);
  if (typeof value !== 'number' || !Number.isInteger(value)) return false;
  if ('integer' in use) return use.integer[0] <= value && value <= use.integer[1];
  return 0 <= value && value < pieceStart;
}

/** What is wrong with the spans and labels of an item, in words; empty when nothing is. */
function faults({ register, text, spans }: Item): string[] {
  const found: string[] = [];
  let at = 0;
  for (const { start, end, labels: own, nats } of spans) {
    const piece = JSON.stringify(text.slice(start, end));
    if (start !== at || end <= start) found.push(`${piece} runs from ${start} to ${end} after ${at}`);
    at = end;
    for (const [name, value] of Object.entries(own)) {
      const use = uses.get(name)?.[register];
      if (!use || !allowed(use, value, start)) found.push(`${piece}: ${name} = ${value}`);
    }
    for (const [name, byRegister] of uses)
      if (byRegister[register]?.every && !(name in own)) found.push(`${piece}: no ${name}`);
    if (nats !== undefined && !(nats >= 0 && nats < Infinity)) found.push(`${piece}: ${nats} nats`);
  }
  if (at !== text.length) found.push(`spans end at ${at} of ${text.length}`);
  return found;
}

test('names are unique', () => {
  expect(uses.size).toBe(labels.length);
});

test('spans cover every text without gaps, with the labels that the list allows', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.nat(), (seed, index) => {
      expect(faults(generate(seed, index))).toEqual([]);
    }),
    { numRuns: 1000 },
  );
});

describe.each(registers.map(({ id }) => id))('%s', (id) => {
  const items = sample(11, 800, { registers: [id] });

  test('uses every label and value that the list gives it', () => {
    for (const [name, byRegister] of uses) {
      const use = byRegister[id];
      if (!use) continue;
      const seen = new Set(items.flatMap(({ spans }) => spans.map((span) => span.labels[name])));
      seen.delete(undefined);
      if ('words' in use) expect([...seen].sort(), name).toEqual([...use.words].sort());
      // The ends of a range may be rare, such as a year 03 that ends what began in 02.
      else if ('integer' in use)
        expect(seen.size, name).toBeGreaterThan(0.95 * (use.integer[1] - use.integer[0]));
      else expect(seen.size, name).toBeGreaterThan(0);
    }
  });

  test('every task is answered by the piece that follows, and by nothing it calls wrong', () => {
    for (const { text, spans, tasks } of items) {
      const pieces = new Map(spans.map(({ start, end }) => [start, text.slice(start, end)]));
      for (const { at, correct, wrong } of tasks) {
        const answer = pieces.get(at);
        expect(correct).toContain(answer);
        expect(wrong).not.toContain(answer);
        expect(new Set([...correct, ...wrong]).size).toBe(correct.length + wrong.length);
      }
    }
  });

  test('most items fit a context of 256 tokens', () => {
    const long = items.filter(({ spans }) => spans.length * 1.2 > 220).length;
    expect(long / items.length).toBeLessThan(0.01);
  });
});
