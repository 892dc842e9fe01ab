import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { assemblyScript } from '../scripts/assemblyscript.ts';
import { browserLaunch } from '../scripts/browser.ts';

/**
 * Benchmarks in a real browser worker: `npx vitest run --config bench/vitest.config.ts`. VITE_BENCH=matmul,attention
 * narrows the run to workloads whose name contains one of the words; VITE_ROUNDS sets how often each is measured.
 * FACET_ADAPTER=native measures the machine's own adapter instead of SwiftShader.
 */
export default defineConfig({
  plugins: [assemblyScript()],
  // Found before the first test: a dependency met later would make Vite reload the page in the middle of a run.
  optimizeDeps: { entries: ['bench/**/*.worker.ts', 'bench/**/*.bench-gpu.ts'] },
  test: {
    name: 'bench',
    include: ['bench/**/*.bench-gpu.ts'],
    testTimeout: 900_000,
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
});
