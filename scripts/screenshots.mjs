// `npm run screenshots`: renews e2e/screenshots/ from the built page. They are for people to look at; no test compares them.
// `npm run screenshots -- models phone` renews only those.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildIfStale } from './build.mjs';
import { installIfStale, ROOT } from './install.mjs';

installIfStale();
await buildIfStale();
const { preview, runnerImport } = await import('vite');
const { chromium } = await import('@playwright/test');
/** @type {{ module: typeof import('./browser.ts') }} */
const { module } = await runnerImport(`${ROOT}/scripts/browser.ts`, { configFile: false, logLevel: 'error' });

const MODELS = '#/models?look=openai-community/gpt2';
const LINK = '#/explore?f=578&at=34&pins=578,224&loss=1';
// An indirect object; a feature that fires on the second name, and the head that owns it.
const TEXT = 'text=When+Mary+and+John+got+a+lamp,+Mary+gave+it+to+John.';
const HEAD = `#/heads?dict=blocks.2.attn.hook_z&l=2&h=3&${TEXT}`;
/** @type {Record<string, (page: import('@playwright/test').Page) => Promise<void>>} */
const READY = {
  heads: (page) => page.getByRole('button', { name: 'Read more texts' }).waitFor({ timeout: 180_000 }),
  async 'heads-head'(page) {
    await READY['heads']?.(page);
    await page.getByRole('list', { name: 'Next tokens without the heads' }).waitFor();
  },
  // The grid, which says how far its scores are, is on the page of all heads only.
  async 'heads-phone-dark'(page) {
    await page.getByText(/: 40 texts, [\d,]+ tokens$/).waitFor({ timeout: 180_000 });
    await page.getByRole('list', { name: 'Next tokens without the heads' }).waitFor();
  },
  async 'heads-features'(page) {
    await READY['heads']?.(page);
    await page.locator('.bench-node[aria-busy=false]').waitFor({ timeout: 60_000 });
  },
  async 'heads-roles'(page) {
    await page.getByRole('progressbar', { name: /^Measuring layer/ }).waitFor({ timeout: 60_000 });
    await page
      .getByRole('progressbar', { name: /^Measuring layer/ })
      .waitFor({ state: 'hidden', timeout: 480_000 });
    await READY['heads']?.(page);
  },
  async steering(page) {
    await page
      .getByText(/differs from token/)
      .first()
      .waitFor({ timeout: 180_000 });
    await page.getByRole('button', { name: 'Generate', exact: true }).waitFor({ timeout: 180_000 });
    await page.locator('.next:not(.is-behind) [data-figure="kl here"]').waitFor({ timeout: 60_000 });
  },
  async speed(page) {
    await page.getByRole('button', { name: 'Time these' }).click();
    await page
      .locator('[data-figure="rounds"]')
      .getByText('7', { exact: true })
      .waitFor({ timeout: 480_000 });
  },
  'speed-phone-dark': (page) => READY['speed']?.(page) ?? Promise.resolve(),
  async 'heads-sparse'(page) {
    await READY['heads']?.(page);
    await page.locator('[data-figure="Rise of the loss"]').waitFor({ timeout: 60_000 });
  },
};
const SPEED = '#/bench?timed=block-64,encode-1,encode-64,decode-64,steer-open,attention-90';
/** @type {{ name: string, width: number, height: number, colorScheme: 'light' | 'dark', fragment: string, full?: boolean }[]} */
const SHOTS = [
  { name: 'desktop', width: 1600, height: 1000, colorScheme: 'light', fragment: LINK },
  { name: 'desktop-dark', width: 1600, height: 1000, colorScheme: 'dark', fragment: LINK },
  { name: 'laptop', width: 1200, height: 800, colorScheme: 'light', fragment: LINK, full: true },
  { name: 'phone', width: 390, height: 844, colorScheme: 'light', fragment: LINK, full: true },
  { name: 'phone-dark', width: 360, height: 780, colorScheme: 'dark', fragment: LINK },
  { name: 'models', width: 1400, height: 1000, colorScheme: 'light', fragment: MODELS },
  { name: 'models-phone-dark', width: 360, height: 780, colorScheme: 'dark', fragment: MODELS, full: true },
  { name: 'heads', width: 1400, height: 1000, colorScheme: 'light', fragment: `#/heads?${TEXT}` },
  {
    name: 'heads-head',
    width: 1400,
    height: 1000,
    colorScheme: 'light',
    fragment: `#/heads?l=2&h=1&at=12&off=2.1,2.4&${TEXT}`,
    full: true,
  },
  {
    name: 'heads-features',
    width: 1400,
    height: 1000,
    colorScheme: 'light',
    fragment: `${HEAD}&part=features&f=626&at=4`,
    full: true,
  },
  {
    name: 'heads-roles',
    width: 1400,
    height: 1000,
    colorScheme: 'light',
    fragment: `${HEAD}&part=roles`,
  },
  {
    name: 'heads-sparse',
    width: 1400,
    height: 1000,
    colorScheme: 'light',
    fragment: '#/heads?l=2&h=1&part=sparse&sparse=*:*:sliding-window:0.5&block=8',
    full: true,
  },
  {
    name: 'heads-phone-dark',
    width: 360,
    height: 780,
    colorScheme: 'dark',
    fragment: `#/heads?l=2&h=1&at=12&off=2.1,2.4&${TEXT}`,
    full: true,
  },
  {
    name: 'steering',
    width: 1400,
    height: 1000,
    colorScheme: 'light',
    // A name’s feature, added to every token.
    fragment:
      '#/steering?dict=blocks.2.hook_resid_pre&n=60&steer=add~f1199@blocks.2.hook_resid_pre~1.2~8.45&text=In+a+small+house+near+the+river+lived+a',
  },
  { name: 'speed', width: 1400, height: 1000, colorScheme: 'light', fragment: SPEED, full: true },
  { name: 'speed-phone-dark', width: 360, height: 780, colorScheme: 'dark', fragment: SPEED, full: true },
  {
    name: 'bad-link',
    width: 1000,
    height: 700,
    colorScheme: 'light',
    fragment: '#/explore?v=1&c=abcdef&text=Tom',
  },
];

const folder = join(ROOT, 'e2e', 'screenshots');
mkdirSync(folder, { recursive: true });
const server = await preview({ root: ROOT, logLevel: 'error', preview: { host: '127.0.0.1', port: 4600 } });
const browser = await chromium.launch(module.browserLaunch());
const wanted = process.argv.slice(2);
for (const { name, width, height, colorScheme, fragment, full } of SHOTS) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const page = await browser.newPage({ viewport: { width, height }, colorScheme });
  await page.goto(`${server.resolvedUrls?.local[0]}${fragment}`);
  if (name === 'bad-link') await page.getByRole('heading', { level: 1 }).waitFor();
  else if (/^#.(heads|steering|bench)/.test(fragment)) await READY[name]?.(page);
  else if (fragment === MODELS) await page.getByRole('list', { name: 'Dictionaries' }).waitFor();
  else {
    // The sample behind firing rates and labels has been read to its end, and the examples with it.
    await page.getByRole('button', { name: /larger sample/ }).waitFor({ timeout: 180_000 });
    await page.getByRole('list', { name: 'Texts with the largest values' }).waitFor();
  }
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: full ?? false });
  console.log(`e2e/screenshots/${name}.png`);
  await page.close();
}
await browser.close();
await server.close();
process.exit(0);
