import { wrap } from 'comlink';
import { expect, test } from 'vitest';
import type { CaseRunner } from './gpu-cases.worker.ts';
import { LONG_ON_GPU } from './long-on-gpu.ts';

// Every `*.cases.ts` of the tree, each case as a test of its own, run inside one module worker on one device.
// VITE_CASES=layer_norm,matmul narrows the run to files whose path contains one of the words.
const worker = new Worker(new URL('./gpu-cases.worker.ts', import.meta.url), { type: 'module' });
const runner = wrap<CaseRunner>(worker);
const filters = ((import.meta.env.VITE_CASES as string | undefined) ?? '').split(',').filter(Boolean);

const names = await runner.list(filters);
const asked = Boolean(import.meta.env.VITE_ALL) || filters.length > 0;

for (const name of names) {
  test.skipIf(!asked && LONG_ON_GPU.includes(name))(name, async ({ skip }) => {
    const result = await runner.run(name);
    if (result) skip(result.skipped);
  });
}

test.runIf(filters.length === 0)('what is left out for its length is there', () => {
  expect(LONG_ON_GPU.filter((name) => !names.includes(name))).toEqual([]);
});
