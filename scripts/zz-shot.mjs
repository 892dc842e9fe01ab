import { runnerImport } from 'vite';
const { module } = await runnerImport('/work/wt-search/scripts/browser.ts', { configFile: false, logLevel: 'error' });
import { chromium } from '/work/main/node_modules/@playwright/test/index.mjs';

const browser = await chromium.launch(module.browserLaunch());
const [,, which = 'all'] = process.argv;
const T = 'text=When+Mary+and+John+got+a+lamp,+Mary+gave+it+to+John.';
const shots = {
  text: '#/features?tab=search&find=When+Mary+and+John+went+to+the+store,+John+gave+a+drink+to+Mary.&rank=contrast&against=The+old+house+stood+near+the+river.&'+T,
  token: '#/features?tab=search&by=token&find=+house&'+T,
  tokenmany: '#/features?tab=search&by=token&find=bighouse&'+T,
  label: '#/features?tab=search&by=label&find=mary&'+T,
  list: '#/features?over=storyworld-1-20&'+T,
  listz: '#/features?dict=blocks.1.attn.hook_z&over=storyworld-1-20&'+T,
  together: '#/features?tab=search&by=together&with=578&over=storyworld-1-20&'+T,
  texts: '#/features?tab=compare&against=The+old+house+stood+near+the+river.&'+T,
  corpora: '#/features?tab=compare&cmp=corpora&over=storyworld-1-20&versus=storyworld-2-10&'+T,
  dictionaries: '#/features?tab=compare&cmp=dictionaries&other=blocks.3.hook_resid_post&over=storyworld-1-20&'+T,
};
const context = await browser.newContext({ viewport: { width: 1400, height: 950 } });
const page = await context.newPage();
page.on('console', (m) => m.type() === 'error' && console.log('console', m.text().slice(0, 300)));
page.on('pageerror', (e) => console.log('pageerror', String(e).slice(0, 400)));
for (const [name, link] of Object.entries(shots)) {
  if (which !== 'all' && !which.split(',').includes(name)) continue;
  await page.goto('http://127.0.0.1:4403/' + link);
  await page.reload();
  await page.waitForSelector('.tab-list', { timeout: 90000 });
  if (['list', 'listz', 'together', 'corpora'].includes(name)) {
    const read = page.getByRole('button', { name: /^Read (texts|on)/ });
    await page.waitForTimeout(2500);
    if (await read.isVisible()) { await read.click(); await page.getByText('complete').first().waitFor({ timeout: 120000 }).catch(() => {}); }
  }
  await page.waitForTimeout(6000);
  await page.getByRole('progressbar').first().waitFor({ state: 'hidden', timeout: 60000 }).catch(() => {});
  await page.screenshot({ path: `/tmp/shots/${name}.png`, fullPage: true });
  if (process.argv[3] === 'more') {
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.screenshot({ path: `/tmp/shots/${name}-dark.png`, fullPage: true });
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize({ width: 360, height: 800 });
    await page.waitForTimeout(500);
    console.log(name, 'beyond', await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth));
    await page.screenshot({ path: `/tmp/shots/${name}-phone.png`, fullPage: true });
    await page.setViewportSize({ width: 1400, height: 950 });
  }
  console.log(name, 'done');
}
await browser.close();
