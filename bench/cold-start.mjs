// From navigation to the first features in the built page: when things happen, how long each thread runs script, what is
// fetched when. Usage: npm run build, then node bench/cold-start.mjs [rounds] [link]. Each round is a browser of its own, with
// nothing cached; medians are over rounds, the list of requests is of the last.
import { chromium } from '@playwright/test';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { preview } from 'vite';

const [rounds = '5', link = ''] = process.argv.slice(2);
const installed = process.env.FACET_CHROMIUM ?? '/usr/bin/chromium';
const scratch = mkdtempSync(join(tmpdir(), 'facet-cold-start-'));
const SCRIPT =
  /^(EvaluateScript|v8\.(compile|compileModule|evaluateModule)|FunctionCall|RunMicrotasks|TimerFire|HandlePostMessage|(Minor|Major)GC|wasm\..*)$/;

/** Milliseconds in which a thread was in any of these events, which may lie in each other. */
function covered(events) {
  let [sum, end] = [0, 0];
  for (const { ts, dur } of events.toSorted((a, b) => a.ts - b.ts)) {
    sum += Math.max(0, ts + dur - Math.max(end, ts));
    end = Math.max(end, ts + dur);
  }
  return Math.round(sum / 1000);
}

/** Milliseconds of script, by kind of thread. */
function scripting(trace) {
  const named = trace.filter(({ name }) => name === 'thread_name');
  const sums = {};
  for (const { pid, tid, args } of named) {
    const kind = { CrRendererMain: 'page', 'DedicatedWorker thread': 'workers' }[args.name];
    if (!kind) continue;
    const own = trace.filter((event) => event.pid === pid && event.tid === tid && event.dur);
    sums[kind] = (sums[kind] ?? 0) + covered(own.filter(({ name }) => SCRIPT.test(name)));
  }
  return sums;
}

async function once(address) {
  const browser = await chromium.launch({
    ...(existsSync(installed) ? { executablePath: installed } : { channel: 'chromium' }),
    args: ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--no-sandbox'],
  });
  try {
    const page = await browser.newPage();
    const requests = [];
    page.on('requestfinished', (request) => requests.push(request));
    const path = join(scratch, 'trace.json');
    await browser.startTracing(page, { path, categories: ['devtools.timeline', 'v8'] });
    await page.goto(`${address}${link}`);
    await page.locator('.feature-open').first().waitFor({ timeout: 180_000 });
    const times = await page.evaluate(() => ({
      firstFeatures: Math.round(performance.now()),
      firstPaint: Math.round(performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN),
    }));
    await browser.stopTracing();
    const { traceEvents } = JSON.parse(readFileSync(path, 'utf8'));
    const start = Math.min(...requests.map((request) => request.timing().startTime));
    const waterfall = requests.map((request) => {
      const { startTime, responseEnd } = request.timing();
      const from = startTime - start;
      return `${Math.round(from)}–${Math.round(from + responseEnd)} ${request.url().split('/').slice(-2).join('/')}`;
    });
    return { times: { ...times, ...scripting(traceEvents) }, waterfall };
  } finally {
    await browser.close();
  }
}

const server = await preview({ preview: { port: 4287 }, logLevel: 'error' });
try {
  const found = [];
  for (let round = 0; round < Number(rounds); round++) found.push(await once(server.resolvedUrls.local[0]));
  for (const [name, about] of [
    ['firstPaint', 'first paint'],
    ['firstFeatures', 'first features'],
    ['page', 'script in the page'],
    ['workers', 'script in workers'],
  ]) {
    const all = found.map(({ times }) => times[name]).sort((a, b) => a - b);
    console.log(`${about}: ${all[all.length >> 1]} ms (${all[0]}–${all.at(-1)})`);
  }
  console.log(found.at(-1).waterfall.join('\n'));
} finally {
  await server.close();
  rmSync(scratch, { recursive: true });
}
