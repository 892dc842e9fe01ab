import { wrap } from 'comlink';
import { expect, test } from 'vitest';
import type { SparseBench } from './sparse.worker.ts';

const env = import.meta.env as Record<string, string | undefined>;
const rounds = Number(env.VITE_ROUNDS ?? 7);
const texts = Number(env.VITE_TEXTS ?? 4);
/** Small blocks: with larger ones the first block and the diagonal alone are more than a tenth of 256 tokens. */
const blockSize = Number(env.VITE_BLOCK ?? 4);

async function inWorker<Result>(work: (bench: SparseBench) => Promise<Result>): Promise<Result> {
  const worker = new Worker(new URL('./sparse.worker.ts', import.meta.url), { type: 'module' });
  try {
    return await work(wrap<SparseBench>(worker));
  } finally {
    worker.terminate();
  }
}

test('time of the attention kernel against the share of blocks visited', async () => {
  const times = await inWorker((bench) =>
    bench.times([256, 512, 1_024], [0, 0.1, 0.25, 0.5, 0.75, 1], rounds),
  );
  const rows = times.points.map(
    ({ length, visited, ratio, least, greatest, denseMs }) =>
      `| ${length} | ${visited.toFixed(3)} | ${ratio.toFixed(3)} | ${least.toFixed(3)}–${greatest.toFixed(3)} | ${denseMs.toFixed(2)} |`,
  );
  const head = [
    '| T | blocks visited | time / dense | range | dense ms |',
    '| --: | --: | --: | --: | --: |',
  ];
  console.log(
    [
      `${times.heads} heads of ${times.dHead}, blocks of ${times.blockSize}, ${times.clock} clock, ${rounds} rounds`,
      ...head,
      ...rows,
    ].join('\n'),
  );
  expect(times.points.length).toBeGreaterThan(0);
});

test('what each pattern costs the bundled model', async () => {
  const { dense, tokens, costs } = await inWorker((bench) => bench.costs([0.5, 0.25, 0.1], texts, blockSize));
  const rows = costs.map(
    ({ pattern, budget, visited, recall, rise, kl }) =>
      `| ${pattern} | ${budget} | ${visited.toFixed(3)} | ${recall.toFixed(3)} | ${rise.toFixed(4)} | ${kl.toFixed(4)} |`,
  );
  const head = [
    '| pattern | budget | blocks visited | recall | loss rise | KL |',
    '| --- | --: | --: | --: | --: | --: |',
  ];
  console.log(
    [
      `all heads, ${texts} texts, ${tokens} tokens, blocks of ${blockSize}, dense loss ${dense.toFixed(4)} nats`,
      ...head,
      ...rows,
    ].join('\n'),
  );
  expect(costs.length).toBeGreaterThan(0);
});
