import { wrap } from 'comlink';
import { expect, test } from 'vitest';
import type { PackBench } from './pack.worker.ts';

const env = import.meta.env as Record<string, string | undefined>;
const rounds = Number(env.VITE_ROUNDS ?? 3);
const items = Number(env.VITE_ITEMS ?? 24);

test('codes of many texts: packed passes against one text a pass', async () => {
  const worker = new Worker(new URL('./pack.worker.ts', import.meta.url), { type: 'module' });
  try {
    const { rows, costs } = await wrap<PackBench>(worker).ways(items, [256, 512, 1024, 2048], rounds);
    const lines = costs.map(
      ({ way, tokensPerSecond, ratio, least, greatest }) =>
        `| ${way} | ${tokensPerSecond.toFixed(0)} | ${ratio.toFixed(2)} (${least.toFixed(2)}–${greatest.toFixed(2)}) |`,
    );
    const head = ['| way | rows per second | speed over the first (range) |', '| :-- | --: | --: |'];
    console.log([`${items} items, ${rows} rows, ${rounds} rounds in turn`, ...head, ...lines].join('\n'));
    expect(costs).toHaveLength(6);
  } finally {
    worker.terminate();
  }
});
