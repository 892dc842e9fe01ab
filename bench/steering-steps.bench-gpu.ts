import { wrap } from 'comlink';
import { expect, test } from 'vitest';
import type { SteeringStepsBench } from './steering-steps.worker.ts';

const env = import.meta.env as Record<string, string | undefined>;
const rounds = Number(env.VITE_ROUNDS ?? 9);

test('a slider step against one forward pass with logits', async () => {
  const worker = new Worker(new URL('./steering-steps.worker.ts', import.meta.url), { type: 'module' });
  try {
    const found = await wrap<SteeringStepsBench>(worker).slider([40, 256], rounds);
    const rows = found.flatMap(({ model, length, passMs, steps }) =>
      steps.map(
        ({ name, ratio, median, ms }) =>
          `| ${model} | ${length} | ${name} | ${ratio.toFixed(2)} | ${median.toFixed(2)} | ${ms.toFixed(1)} | ${passMs.toFixed(1)} |`,
      ),
    );
    const head = [
      '| model | T | added before | step / pass, fastest | median | step ms | pass ms |',
      '| --- | --: | --- | --: | --: | --: | --: |',
    ];
    console.log([`${rounds} rounds`, ...head, ...rows].join('\n'));
    expect(rows.length).toBeGreaterThan(0);
  } finally {
    worker.terminate();
  }
});
