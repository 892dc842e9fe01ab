import { resolve } from 'node:path';
import { playwright } from '@vitest/browser-playwright';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';
import { assemblyScript } from './scripts/assemblyscript.ts';
import { browserLaunch } from './scripts/browser.ts';

/** Every `*.cases.ts` is a test file of its own. */
const casesAsTests: Plugin = {
  name: 'facet:cases-as-tests',
  transform(code, id) {
    if (!id.endsWith('.cases.ts')) return undefined;
    const path = resolve(import.meta.dirname, 'src/testing/cpu-cases.ts');
    return `${code}\nimport { casesOnCpu } from '${path}';\ncasesOnCpu(${JSON.stringify(id)}, cases);`;
  },
};

/**
 * `unit` runs in Node, `cpu` every `*.cases.ts` there on the processor, `gpu` (`*.gpu.test.ts`, which runs every
 * `*.cases.ts`) in a real Chromium with WebGPU.
 */
export default defineConfig({
  test: {
    projects: [
      {
        plugins: [assemblyScript()],
        test: {
          name: 'unit',
          pool: 'threads',
          environment: 'node',
          setupFiles: 'src/testing/property-seed.ts',
          // A slow machine is no failure.
          testTimeout: 60_000,
          include: ['src/**/*.test.{ts,tsx}', 'scripts/**/*.test.ts', 'bench/**/*.test.ts'],
          exclude: ['**/*.gpu.test.ts', '**/node_modules/**'],
        },
      },
      {
        plugins: [assemblyScript(), casesAsTests],
        test: {
          name: 'cpu',
          pool: 'threads',
          environment: 'node',
          setupFiles: 'src/testing/cpu-setup.ts',
          testTimeout: 180_000,
          include: ['src/**/*.cases.ts'],
        },
      },
      {
        plugins: [assemblyScript()],
        // Workers are bundled apart.
        worker: { format: 'es', plugins: () => [assemblyScript()] },
        // Found before the first test: a dependency met later would make Vite reload the page in the middle of a run.
        optimizeDeps: {
          entries: ['src/**/*.gpu.test.ts', 'src/**/*.worker.ts', 'src/**/*.cases.ts'],
        },
        // Models that only tests use lie beside the repository, where they are at all.
        server: { fs: { allow: ['.', '../shared/models'] } },
        test: {
          name: 'gpu',
          include: ['src/**/*.gpu.test.ts'],
          globalSetup: 'src/testing/hub-setup.ts',
          // A software adapter on a busy machine is slow; what hangs is still found.
          testTimeout: 180_000,
          expect: { poll: { timeout: 30_000 } },
          hookTimeout: 60_000,
          fileParallelism: false,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({ launchOptions: browserLaunch() }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
    ],
  },
});
