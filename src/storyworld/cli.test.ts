import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { main } from './cli.ts';
import { generate } from './generate.ts';
import type { Item } from './types.ts';

let out = '';
let printed = '';
let complained = '';

beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'storyworld-'));
  printed = complained = '';
  vi.spyOn(console, 'log').mockImplementation((text: string) => void (printed += text));
  vi.spyOn(console, 'error').mockImplementation((text: string) => void (complained += text));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(out, { recursive: true });
});

async function written(seed: number, ...more: string[]): Promise<Item[]> {
  expect(await main(['--seed', String(seed), '--out', out, ...more])).toBe(0);
  const text = readFileSync(join(out, `storyworld-${seed}.jsonl`), 'utf8');
  expect(text.endsWith('\n')).toBe(true);
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Item);
}

test('writes the items of the seed one after another until it has the pieces asked for', async () => {
  const items = await written(5, '--tokens', '3000');
  expect(items).toEqual(items.map((_, index) => generate(5, index)));
  const sizes = items.map(({ spans }) => spans.length);
  const pieces = sizes.reduce((sum, size) => sum + size, 0);
  expect(pieces).toBeGreaterThanOrEqual(3000);
  expect(pieces - sizes.at(-1)!).toBeLessThan(3000);
  expect(printed).toContain(`${items.length} items, ${pieces} pieces`);
});

test('--start begins at that item, --registers keeps to those', async () => {
  expect((await written(5, '--tokens', '1', '--start', '12'))[0]).toEqual(generate(5, 12));
  const items = await written(6, '--tokens', '2000', '--registers', 'quotes,repeats');
  expect(items).toEqual(items.map((_, index) => generate(6, index, { registers: ['quotes', 'repeats'] })));
});

test('--no-spans keeps text, tasks and the known surprises', async () => {
  const slim = await written(7, '--tokens', '2000', '--no-spans');
  for (const [index, line] of slim.entries()) {
    const { register, text, tasks, spans } = generate(7, index);
    const nats = spans
      .filter((span) => span.nats !== undefined)
      .map((span) => [span.start, span.end, span.nats]);
    expect(line).toEqual({ register, text, tasks, nats });
  }
});

test.each([
  [[]],
  [['--tokens', '10']],
  [['--seed', '1']],
  [['--tokens', '0', '--seed', '1']],
  [['--tokens', 'many', '--seed', '1']],
  [['--tokens', '10', '--seed', '-1']],
  [['--tokens', '10', '--seed', '']],
  [['--tokens', '10', '--seed', '4294967296']],
  [['--tokens', '10', '--seed', '1', '--start', '0.5']],
  [['--tokens', '10', '--seed', '1', '--registers', 'stories,poems']],
  [['--tokens', '10', '--seed', '1', '--registers', '']],
  [['--tokens', '10', '--seed', '1', '--colour', 'red']],
  [['--tokens', '10', '--seed', '1', 'stray']],
])('refuses %j with a message, the usage and exit code 2', async (argv) => {
  expect(await main([...argv, '--out', out])).toBe(2);
  expect(complained).toMatch(/^storyworld: [^]+\n\nusage: /);
});

test('--help says what a piece is', async () => {
  expect(await main(['--help'])).toBe(0);
  expect(printed).toContain('pieces (words and punctuation marks');
});
