import { proxy, wrap } from 'comlink';
import { commands } from 'vitest/browser';
import { expect, test } from 'vitest';
import type { Suggestions } from '../src/engine/protocol.ts';
import candidates from './suggestions-candidates.json';
import type { Plan, Row, SuggestionsBench } from './suggestions.worker.ts';

const env = import.meta.env as Record<string, string | undefined>;
const most = Number(env.VITE_CANDIDATES ?? candidates.length);
const plan: Plan = { seed: 31, items: 32, tokens: 48, baseSamples: 6, samples: 1 };
const PARTIAL = '.cache/steering.json';
const FILE = 'public/models/storyworld-2m/steering.json';

/**
 * Writes the table of the page's “try these”: `npm run bench -- suggestions`, about half an hour on a software adapter, then
 * `python training/export.py catalogue`. VITE_CANDIDATES=3 measures the first three only, and writes nothing.
 */
test('what candidates of steering do to generated texts', { timeout: 7_200_000 }, async () => {
  const worker = new Worker(new URL('./suggestions.worker.ts', import.meta.url), { type: 'module' });
  try {
    const bench = wrap<SuggestionsBench>(worker);
    const onRow = (row: Row, seconds: number, soFar: Suggestions): void => {
      console.log(line(row, seconds));
      // Paths are of the repository. What there is survives a run that is broken off.
      commands.writeFile(PARTIAL, written(soFar)).catch((thrown: unknown) => console.error(thrown));
    };
    const table = await bench.measure(plan, candidates.slice(0, most), proxy(onRow));
    expect(table.latents.length).toBeGreaterThan(0);
    if (most >= candidates.length) await commands.writeFile(FILE, written(table));
  } finally {
    worker.terminate();
  }
});

const written = (table: Suggestions): string => `${JSON.stringify(table, undefined, 1)}\n`;

function line(row: Row, seconds: number): string {
  const percent = (value: number): string => `${(100 * value).toFixed(2)} %`;
  return [
    row.shown ? 'yes' : 'no',
    row.dictionary,
    row.feature,
    row.effect,
    `× ${row.strength}`,
    `${percent(row.baseRate)} → ${percent(row.rate)}`,
    `ratio ${(row.rate / row.baseRate).toFixed(1)} (${row.ratioLow.toFixed(1)})`,
    `fluency ${percent(row.fluencyLoss)}`,
    `selectivity ${row.selectivity.toFixed(2)}`,
    `${seconds.toFixed(0)} s`,
  ].join(' | ');
}
