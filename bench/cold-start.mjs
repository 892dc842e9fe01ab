// From navigation to the first features in the built page: when things happen, and how long each thread runs script.
// Usage: npm run build, then node bench/cold-start.mjs [rounds] [query]. Serves dist/ itself; a new browser profile each round.
import { chromium } from '@playwright/test';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

const [rounds = '5', query = ''] = process.argv.slice(2);
const PORT = 4287;
const installed = process.env.FACET_CHROMIUM ?? '/usr/bin/chromium';
const server = spawn(
  'node',
  ['node_modules/vite/bin/vite.js', 'preview', '--strictPort', '--port', String(PORT)],
  {
    stdio: 'ignore',
  },
);
const SCRIPT = new Set(['EvaluateScript', 'v8.compile', 'v8.compileModule', 'v8.evaluateModule', 'FunctionCall', 'RunMicrotasks', 'TimerFire', 'MinorGC', 'MajorGC', 'V8.GC_MARK_COMPACTOR', 'wasm.CompileModule', 'HandlePostMessage']); // prettier-ignore

/** Milliseconds in which a thread was in any of these events. */
function covered(events) {
  let [sum, end] = [0, 0];
  for (const { ts, dur } of events.sort((a, b) => a.ts - b.ts)) {
    sum += Math.max(0, ts + dur - Math.max(end, ts));
    end = Math.max(end, ts + dur);
  }
  return sum / 1000;
}

async function once() {
  const browser = await chromium.launch({
    ...(existsSync(installed) ? { executablePath: installed } : { channel: 'chromium' }),
    args: ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--no-sandbox'],
  });
  try {
    const page = await browser.newPage();
    const requests = [];
    page.on('requestfinished', (request) => requests.push(request));
    const trace = `/tmp/facet-cold-start-${process.pid}.json`;
    await browser.startTracing(page, {
      path: trace,
      categories: ['devtools.timeline', 'v8', 'disabled-by-default-v8.compile'],
    });
    await page.goto(`http://127.0.0.1:${PORT}/${query}`);
    await page
      .getByRole('listbox', { name: 'Tokens' })
      .locator('[style*="--"], [data-feature]')
      .first()
      .waitFor({ timeout: 120_000 })
      .catch(() => {});
    await page.locator('.feature-open').first().waitFor({ timeout: 120_000 });
    const { now, paint } = await page.evaluate(() => ({
      now: performance.now(),
      paint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime,
    }));
    await browser.stopTracing();
    const { traceEvents } = JSON.parse(readFileSync(trace, 'utf8'));
    const names = new Map(
      traceEvents.filter((e) => e.name === 'thread_name').map((e) => [`${e.pid}:${e.tid}`, e.args.name]),
    );
    const threads = {};
    const byEvent = {};
    for (const [id, name] of names) {
      if (!/CrRendererMain|DedicatedWorker/.test(name)) continue;
      const own = traceEvents.filter(
        (e) => `${e.pid}:${e.tid}` === id && e.ph === 'X' && SCRIPT.has(e.name) && e.dur,
      );
      if (own.length === 0) continue;
      threads[`${name} ${id}`] = Math.round(covered(own));
      for (const e of own)
        byEvent[
          `${name} ${e.name} ${String(e.args?.data?.url ?? '')
            .split('/')
            .pop()}`
        ] =
          Math.round(
            ((byEvent[
              `${name} ${e.name} ${String(e.args?.data?.url ?? '')
                .split('/')
                .pop()}`
            ] ?? 0) +
              e.dur / 1000) *
              10,
          ) / 10;
    }
    const first = Math.min(...requests.map((r) => r.timing().startTime));
    const waterfall = requests.map((r) => {
      const t = r.timing();
      return `${Math.round(t.startTime - first)}–${Math.round(t.startTime - first + t.responseEnd)} ${r.url().split('/').slice(-2).join('/')}`;
    });
    return { firstFeatures: Math.round(now), paint: Math.round(paint), threads, waterfall, byEvent };
  } finally {
    await browser.close();
  }
}

try {
  await new Promise((done) => setTimeout(done, 2500));
  for (let round = 0; round < Number(rounds); round++) {
    const result = await once();
    console.log(JSON.stringify({ ...result, waterfall: undefined, byEvent: undefined }));
    if (round === Number(rounds) - 1) {
      console.log(result.waterfall.join('\n'));
      console.log(
        Object.entries(result.byEvent)
          .sort((a, b) => b[1] - a[1])
          .slice(0, 25)
          .map(([k, v]) => `${v} ms ${k}`)
          .join('\n'),
      );
    }
  }
} finally {
  server.kill();
}
