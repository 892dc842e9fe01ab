import { wrap } from 'comlink';
import { expect, test } from 'vitest';
import type { Bench } from './kernels.worker.ts';

const env = import.meta.env as Record<string, string | undefined>;
const filters = (env.VITE_BENCH ?? '').split(',').filter(Boolean);
const rounds = Number(env.VITE_ROUNDS ?? 7);

test('kernels', async () => {
  const worker = new Worker(new URL('./kernels.worker.ts', import.meta.url), { type: 'module' });
  const { adapter, results } = await wrap<Bench>(worker).run(filters, rounds);
  worker.terminate();
  const rows = results.map(
    ({ name, medianMs, bestMs, gflops }) =>
      `| ${name} | ${medianMs.toFixed(2)} | ${bestMs.toFixed(2)} | ${gflops.toFixed(2)} |`,
  );
  console.log(
    [
      `${adapter}, ${rounds} rounds`,
      '',
      '| workload | median ms | best ms | GFLOP/s |',
      '| --- | --: | --: | --: |',
      ...rows,
    ].join('\n'),
  );
  console.log(JSON.stringify({ adapter, rounds, results }));
  expect(results.length).toBeGreaterThan(0);
});
