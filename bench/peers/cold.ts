import { readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Browser } from '@playwright/test';
import { chromium } from '@playwright/test';
import { preview } from 'vite';
import { browserLaunch } from '../../scripts/browser.ts';
import { buildIfStale } from '../../scripts/build.mjs';
import { ROOT } from '../../scripts/install.mjs';
import type { Kind } from './contender.ts';
import type { ColdStart } from './results.ts';
import { scriptingMs, type TraceEvent } from './scripting.ts';
import { spreadOf } from './statistics.ts';

const CATEGORIES = ['devtools.timeline', 'v8', 'disabled-by-default-v8.compile', 'toplevel'];
/** The page's own mark: `src/state/cold-start.ts`. */
const FIRST_FEATURES = 'facet:first-features';

interface Start {
  firstPaintMs: number;
  firstFeaturesMs: number;
  scriptingMs: number;
  /** Paths of scripts that had arrived at first paint. */
  scripts: string[];
}

/**
 * The built page from navigation to its first features, with nothing cached: a browser of its own each time.
 * @param backends what the page is asked to run on
 */
export async function measureCold(
  backends: readonly Kind[],
  rounds: number,
  say: (line: string) => void,
): Promise<ColdStart[]> {
  await buildIfStale();
  const server = await preview({ root: ROOT, preview: { port: 0, host: '127.0.0.1' }, logLevel: 'error' });
  const origin = server.resolvedUrls!.local[0]!;
  const date = new Date().toISOString();
  const load = loadavg();
  const starts = new Map(backends.map((backend): [Kind, Start[]] => [backend, []]));
  try {
    for (let round = 0; round < rounds; round++)
      for (const [backend, done] of starts) {
        const start = await oneStart(`${origin}?backend=${backend}`);
        say(
          `${backend}: first paint ${start.firstPaintMs.toFixed(0)} ms, first features ${start.firstFeaturesMs.toFixed(0)} ms, scripting ${start.scriptingMs.toFixed(0)} ms`,
        );
        done.push(start);
      }
  } finally {
    await server.close();
  }
  return [...starts].map(([backend, done]) => ({
    backend,
    date,
    load,
    rounds,
    firstPaintMs: spreadOf(done.map(({ firstPaintMs }) => firstPaintMs)),
    firstFeaturesMs: spreadOf(done.map(({ firstFeaturesMs }) => firstFeaturesMs)),
    scriptingMs: spreadOf(done.map((start) => start.scriptingMs)),
    scriptBytes: Math.max(...done.map(({ scripts }) => gzippedBytes(scripts))),
  }));
}

async function oneStart(address: string): Promise<Start> {
  const browser: Browser = await chromium.launch({ ...browserLaunch(), headless: true });
  try {
    const page = await browser.newPage();
    await browser.startTracing(page, { categories: CATEGORIES });
    await page.goto(address, { waitUntil: 'commit' });
    const seen = await page.waitForFunction(
      (mark) => performance.getEntriesByName(mark)[0]?.startTime,
      FIRST_FEATURES,
      { timeout: 300_000, polling: 'raf' },
    );
    const firstFeaturesMs = (await seen.jsonValue())!;
    const { firstPaintMs, scripts } = await page.evaluate(() => {
      const paint = performance.getEntriesByName('first-contentful-paint')[0]!.startTime;
      const loaded = performance.getEntriesByType('resource') as PerformanceResourceTiming[];
      return {
        firstPaintMs: paint,
        scripts: loaded
          .filter(({ name, responseEnd }) => new URL(name).pathname.endsWith('.js') && responseEnd <= paint)
          .map(({ name }) => new URL(name).pathname),
      };
    });
    const trace = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] };
    return { firstPaintMs, firstFeaturesMs, scriptingMs: scriptingMs(trace.traceEvents), scripts };
  } finally {
    await browser.close();
  }
}

function gzippedBytes(paths: readonly string[]): number {
  const sizes = [...new Set(paths)].map(
    (path) => gzipSync(readFileSync(join(ROOT, 'dist', path)), { level: 9 }).length,
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
