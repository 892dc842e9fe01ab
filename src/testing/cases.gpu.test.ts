import { wrap } from 'comlink';
import { test } from 'vitest';
import type { CaseRunner } from './gpu-cases.worker.ts';

// Every `*.cases.ts` of the tree, each case as a test of its own, run inside one module worker on one device.
// VITE_CASES=layer_norm,matmul narrows the run to files whose path contains one of the words.
const worker = new Worker(new URL('./gpu-cases.worker.ts', import.meta.url), { type: 'module' });
const runner = wrap<CaseRunner>(worker);
const filters = ((import.meta.env.VITE_CASES as string | undefined) ?? '').split(',').filter(Boolean);

for (const name of await runner.list(filters)) {
  test(name, async ({ skip }) => {
    const result = await runner.run(name);
    if (result) skip(result.skipped);
  });
}
