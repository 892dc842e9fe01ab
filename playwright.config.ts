import { defineConfig } from '@playwright/test';
import { browserLaunch } from './scripts/browser.ts';

/** A browser in which the visitor has chosen what computes. */
const onBackend = (value: string) => ({
  cookies: [],
  origins: [{ origin: new URL(origin).origin, localStorage: [{ name: 'facet-backend', value }] }],
});

// Journeys through the built page. `npm test` builds first and hands over a free port; by hand: `npm run build` first.
const port = Number(process.env.FACET_E2E_PORT ?? 4273);
const origin = `http://127.0.0.1:${port}/`;

export default defineConfig({
  testDir: 'e2e',
  // Needs half a gigabyte of weights and PyTorch: `npm run test:real`.
  testIgnore: 'real/**',
  // Not `test-results` itself: Playwright empties its folder, and the reports of the other steps lie there.
  outputDir: 'test-results/playwright',
  reporter: [['list'], ['json', { outputFile: 'test-results/e2e.json' }]],
  forbidOnly: Boolean(process.env.CI),
  // Tried again for the trace, which slows every journey by a quarter; what fails once has failed.
  retries: 1,
  failOnFlakyTests: true,
  // Much of a page's start is one thread compiling kernels: two at a time take two thirds of the time of one.
  workers: 2,
  timeout: 90_000,
  globalTimeout: 20 * 60_000,
  expect: { timeout: 20_000 },
  projects: [
    // The page as it chooses by itself, which on a software adapter is the processor.
    { name: 'page' },
    // What a visitor with a graphics card sees, on the software adapter that stands for one.
    { name: 'webgpu', grep: /@webgpu/, use: { storageState: onBackend('webgpu') } },
  ],
  use: {
    baseURL: origin,
    browserName: 'chromium',
    launchOptions: browserLaunch(),
    trace: 'on-first-retry',
    // It fetches and keeps the whole page again, in every journey; those about that allow it. And what it answers cannot
    // be intercepted.
    serviceWorkers: 'block',
  },
  webServer: {
    command: `node node_modules/vite/bin/vite.js preview --host 127.0.0.1 --port ${port} --strictPort`,
    url: origin,
    reuseExistingServer: false,
  },
});
