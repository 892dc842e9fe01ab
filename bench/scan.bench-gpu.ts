import { wrap } from 'comlink';
import { expect, test } from 'vitest';
import type { ScanBench, ScanCost } from './scan.worker.ts';

const env = import.meta.env as Record<string, string | undefined>;
const rounds = Number(env.VITE_ROUNDS ?? 5);
const items = Number(env.VITE_ITEMS ?? 24);
const rows = env.VITE_ROWS?.split(',').map(Number);
const ways = (env.VITE_WAYS ?? 'codes,counted').split(',') as ScanCost['way'][];
const dictionaries = (env.VITE_DICTIONARIES ?? 'blocks.2.hook_resid_pre,blocks.3.hook_resid_post').split(',');

test('tokens per second of a scan over those of a pass with all logits, one text a pass', async () => {
  const worker = new Worker(new URL('./scan.worker.ts', import.meta.url), { type: 'module' });
  try {
    const costs = await wrap<ScanBench>(worker).costs({ items, rounds, dictionaries, ways, rows });
    const lines = costs.map((cost) =>
      [
        '',
        cost.dictionary,
        cost.way,
        cost.rows,
        `${cost.ratio.toFixed(2)} (${cost.least.toFixed(2)}–${cost.greatest.toFixed(2)})`,
        cost.scan.toFixed(0),
        cost.plain.toFixed(0),
        (cost.bytesPerChunk / 1_000).toFixed(0),
        '',
      ]
        .join(' | ')
        .trim(),
    );
    const head = [
      '| dictionary | figures from | rows a batch | speed, scan / plain pass (range) | tokens/s, scan | plain | kB read a chunk |',
      '| --- | --- | --: | --: | --: | --: | --: |',
    ];
    console.log(
      [`${items} texts, ${costs[0]!.tokens} tokens, ${rounds} rounds in turn`, ...head, ...lines].join('\n'),
    );
    expect(costs.every(({ scan, plain }) => scan > 0 && plain > 0)).toBe(true);
  } finally {
    worker.terminate();
  }
});
