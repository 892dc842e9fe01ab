// `node scripts/scan-memory.mjs [items] [port]`: reads that many Storyworld texts (20,000 by default: about a million
// tokens) in the built page and says how much memory it takes at 10 % and at the end, and how fast it went. What is kept of
// a scan is bounded, so the two should be alike. On a software adapter it takes hours: see bench/README.md. Linux only:
// memory is what /proc says of the page's process, workers and array buffers included, after a garbage collection.
import { readFileSync } from 'node:fs';
import { buildIfStale } from './build.mjs';
import { installIfStale, ROOT } from './install.mjs';

installIfStale();
await buildIfStale();
const { preview, runnerImport } = await import('vite');
const { chromium } = await import('@playwright/test');
/** @type {{ module: typeof import('./browser.ts') }} */
const { module } = await runnerImport(`${ROOT}/scripts/browser.ts`, { configFile: false, logLevel: 'error' });

const items = Number(process.argv[2] ?? 20_000);
const port = Number(process.argv[3] ?? 4399);
const server = await preview({ root: ROOT, logLevel: 'error', preview: { port, strictPort: true } });
const launch = module.browserLaunch();
const browser = await chromium.launch({ ...launch, args: [...launch.args, '--js-flags=--expose-gc'] });
const page = await browser.newPage();
const cdp = await page.context().newCDPSession(page);
const system = await browser.newBrowserCDPSession();

/** Resident bytes of the page's process and of the GPU's, and the page's own JavaScript heap, in MB. */
async function memory() {
  await cdp.send('HeapProfiler.collectGarbage');
  for (const worker of page.workers()) await worker.evaluate('gc()');
  const { processInfo } = await system.send('SystemInfo.getProcessInfo');
  /** @param {string} type */
  const resident = (type) =>
    Math.max(
      ...processInfo
        .filter((each) => each.type === type)
        .map(({ id }) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${id}/status`, 'utf8'))?.[1] ?? 0)),
    ) / 1_000;
  const { usedSize } = await cdp.send('Runtime.getHeapUsage');
  return {
    'page process': Math.round(resident('renderer')),
    'GPU process': Math.round(resident('GPU')),
    'page heap': Math.round(usedSize / 1e6),
  };
}

try {
  await page.goto(`http://localhost:${port}/#/explore?f=7&over=storyworld-5-${items}`);
  const start = page.getByRole('button', { name: /^Read (these texts|on)$/ });
  await start.waitFor({ timeout: 120_000 });
  console.log('before', await memory());
  await start.click();
  const begun = performance.now();
  const bar = page.getByRole('progressbar', { name: 'Reading texts' });
  let wanted = items / 10;
  for (;;) {
    await page.waitForTimeout(2_000);
    const done = (await bar.count()) > 0 ? Number((await bar.getAttribute('value')) ?? 0) : items;
    if (done < wanted && done < items) continue;
    const seconds = (performance.now() - begun) / 1_000;
    const pace = `${(seconds / (done / 1_000)).toFixed(0)} s a thousand texts`;
    console.log(`${done} of ${items} texts, ${pace}`, await memory());
    if (done >= items) break;
    wanted += items / 10;
  }
  console.log(await page.locator('.facts dd').allTextContents());
} finally {
  await browser.close();
  await server.close();
}
