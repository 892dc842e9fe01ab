import { wrap } from 'comlink';
import { expect, test } from 'vitest';
import type { GenerationBench } from './generation.worker.ts';

const env = import.meta.env as Record<string, string | undefined>;
const rounds = Number(env.VITE_ROUNDS ?? 5);
const tokens = Number(env.VITE_TOKENS ?? 32);

test('tokens per second with a cache over without', async () => {
  const worker = new Worker(new URL('./generation.worker.ts', import.meta.url), { type: 'module' });
  try {
    const costs = await wrap<GenerationBench>(worker).speeds([32, 128, 200], tokens, rounds);
    const rows = costs.map((cost) =>
      [
        '',
        cost.promptRows,
        `${cost.ratio.toFixed(1)} (${cost.least.toFixed(1)}–${cost.greatest.toFixed(1)})`,
        cost.cachedMs.toFixed(1),
        cost.uncachedMs.toFixed(1),
        cost.cachedDispatches.toFixed(0),
        cost.uncachedDispatches.toFixed(0),
        '',
      ]
        .join(' | ')
        .trim(),
    );
    const head = [
      '| rows before | speed, cached / uncached (range) | ms a token, cached | uncached | dispatches a token, cached | uncached |',
      '| --: | --: | --: | --: | --: | --: |',
    ];
    console.log([`${tokens} tokens, ${rounds} rounds in turn`, ...head, ...rows].join('\n'));
    expect(costs.map(({ same }) => same)).toEqual([true, true, true]);
  } finally {
    worker.terminate();
  }
});
