import { defineConfig } from '@playwright/test';
import usual from './playwright.config.ts';

/** A published model through the built page, against what transformers computes; see `scripts/test-real.mjs`. */
export default defineConfig({
  ...usual,
  testDir: 'e2e/real',
  testIgnore: [],
  workers: 1,
  reporter: [['list']],
  timeout: 30 * 60_000,
  globalTimeout: 60 * 60_000,
  expect: { timeout: 10 * 60_000 },
});
