import { type Remote, wrap } from 'comlink';
import { expect, test } from 'vitest';
import { polysemanticShare } from '../src/shared/polysemantic-share.ts';
import type { RolesBench } from './roles.worker.ts';

const env = import.meta.env as Record<string, string | undefined>;
const items = Number(env.VITE_ITEMS ?? 100);

async function inWorker<Result>(work: (bench: Remote<RolesBench>) => Promise<Result>): Promise<Result> {
  const worker = new Worker(new URL('./roles.worker.ts', import.meta.url), { type: 'module' });
  try {
    return await work(wrap<RolesBench>(worker));
  } finally {
    worker.terminate();
  }
}

const cells = (values: readonly number[]): string => values.map((value) => value.toFixed(3)).join(' | ');

/**
 * Prints the table from which `THRESHOLD` of `src/analysis/heads/roles.ts` was chosen:
 * `npx vitest run --config bench/vitest.config.ts roles -t threshold`. VITE_ITEMS sets how many texts are read.
 */
test('agreement of roles with Storyworld labels by threshold', async () => {
  const { labelled, agreement } = await inWorker((bench) => bench.threshold(1, items));
  const best = agreement.reduce((top, each) => (each.rand[0] > top.rand[0] ? each : top));
  console.log(
    [
      `${labelled.join(' and ')} labelled latents; best on the first half: ${best.threshold}`,
      '',
      '| threshold | Rand, chosen on | Rand, held out | pairs F1, chosen on | pairs F1, held out |',
      '| --: | --: | --: | --: | --: |',
      ...agreement.map(({ threshold, rand, pairs }) => `| ${threshold} | ${cells(rand)} | ${cells(pairs)} |`),
    ].join('\n'),
  );
  expect(Math.min(...labelled)).toBeGreaterThan(0);
});

/** Prints what each head of the bundled model does; another seed than the one the threshold was chosen on. */
test.each(['half', 'largest'] as const)('roles of every head, owned by %s', async (owned) => {
  const { layers, seconds } = await inWorker((bench) => bench.roles(2, items, owned));
  const heads = layers.flatMap((layer) => layer.heads);
  const share = polysemanticShare(heads);
  console.log(
    [
      `${layers[0]!.tokens} tokens; seconds by layer: ${seconds.map(Math.round).join(', ')}; ${JSON.stringify(share)}`,
      '',
      '| head | owned | silent | effective roles | unexplained | overlap | polysemantic | confidence | largest roles |',
      '| --- | --: | --: | --: | --: | --: | --- | --: | --- |',
      ...heads.map((head) => {
        const roles = head.roles
          .filter(({ weight }) => weight >= 0.1)
          .map(({ weight, title, riseWithout }) => {
            const rises = riseWithout.filter((x) => !Number.isNaN(x)).map((x) => x.toExponential(1));
            return `${Math.round(100 * weight)} % ${title} [${rises.join(', ')}]`;
          });
        return (
          `| ${head.layer}.${head.head} | ${head.latents} (${head.owned}) | ${head.silent} | ` +
          `${cells([head.effectiveRoles, head.unexplained, head.overlap])} | ${head.polysemantic} | ` +
          `${head.confidence} | ${roles.join('; ')} |`
        );
      }),
    ].join('\n'),
  );
  expect(heads.length).toBeGreaterThan(0);
});
