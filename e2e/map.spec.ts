import { readFile } from 'node:fs/promises';
import { csvParseRows } from 'd3';
import { expect, type Locator, type Page, test } from '@playwright/test';
import {
  askedOfEngine,
  exported,
  noSidewaysScroll,
  panel,
  recordCalls,
  violationsInBoth,
} from './support.ts';

const map = (page: Page): Locator => page.getByRole('application', { name: 'Map of 2048 features' });
const readout = (page: Page): Locator => page.locator('.map-readout');
const heading = (page: Page, what: RegExp): Locator => page.getByRole('heading', { name: what });
const number = (text: string): number => Number(/([\d,]+) feature/.exec(text)![1]!.replace(',', ''));

/** The map when it is finished. */
async function mapped(page: Page, fragment = '#/features?tab=map'): Promise<void> {
  await page.goto(`/${fragment}`);
  await expect(panel(page, 'Feature map')).toContainText('true neighbours,', { timeout: 150_000 });
}

/** A spot of the page over a point, and the point's feature. */
async function pointAtOne(page: Page): Promise<{ x: number; y: number; feature: number }> {
  const box = (await map(page).boundingBox())!;
  for (let step = 0; step < 40; step++) {
    const [x, y] = [box.x + box.width / 2 + 7 * step, box.y + box.height / 2];
    await page.mouse.move(x, y);
    // By the next frame it is said.
    await page.evaluate(
      () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))),
    );
    const found = /#(\d+)/.exec(await readout(page).innerText());
    if (found) return { x, y, feature: Number(found[1]) };
  }
  throw new Error('no point along a line through the middle');
}

/** Distinct colours of what is drawn. */
const coloursDrawn = (page: Page): Promise<number> =>
  map(page)
    .locator('canvas')
    .first()
    .evaluate((canvas: HTMLCanvasElement) => {
      const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
      return new Set(new Uint32Array(data.buffer)).size;
    });

test('the map appears, is kept, tells true neighbours, and a click opens a feature', async ({ page }) => {
  test.slow();
  await recordCalls(page);
  await page.goto('/#/features?tab=map');
  // While it is laid out there is something to see.
  await expect(map(page)).toBeVisible({ timeout: 120_000 });
  await mapped(page);
  const before = await exported(page, 'Feature map');
  expect(before.trim().split('\n')).toHaveLength(2049);

  const { x, y, feature } = await pointAtOne(page);
  await expect(readout(page)).toContainText(/nearest by cosine: #\d+ \(0\.\d\d\)/);
  // The engine's own answer about that feature, through the file.
  const row = before.split('\n').find((line) => line.startsWith(`${feature},`))!;
  const [nearest, cosine] = row.split(',').slice(-2);
  await expect(readout(page)).toContainText(`#${nearest} (${Number(cosine).toFixed(2)})`);
  await page.mouse.click(x, y);
  await expect(page).toHaveURL(new RegExp(`f=${feature}(&|$)`));
  await page.goBack();
  await expect(map(page)).toBeVisible();

  // A second visit takes the map from where it was kept, and asks the engine for neighbours no more.
  expect(await askedOfEngine(page)).toContain('search');
  await page.reload();
  await expect(panel(page, 'Feature map')).toContainText('true neighbours,', { timeout: 60_000 });
  expect(await askedOfEngine(page)).not.toContain('search');
  expect(await exported(page, 'Feature map')).toBe(before);
});

test('a lasso, by mouse and by keyboard, lists the features inside', { tag: '@long' }, async ({ page }) => {
  test.slow();
  await mapped(page);
  const box = (await map(page).boundingBox())!;
  const at = (x: number, y: number): [number, number] => [box.x + box.width * x, box.y + box.height * y];
  await page.getByRole('button', { name: 'Lasso', exact: true }).click();
  await page.mouse.move(...at(0.35, 0.3));
  await page.mouse.down();
  for (const corner of [at(0.6, 0.3), at(0.6, 0.7), at(0.35, 0.7)])
    await page.mouse.move(...corner, { steps: 4 });
  await page.mouse.up();
  await expect(heading(page, /features chosen$/)).toBeVisible();
  const inside = number(await heading(page, /features chosen$/).innerText());
  expect(inside).toBeGreaterThan(50);
  expect(inside).toBeLessThan(2000);

  // Search within, export, pin.
  const first = page
    .getByRole('list', { name: 'Features chosen' })
    .getByRole('button', { name: /^#/ })
    .first();
  const feature = /#(\d+)/.exec(await first.innerText())![1]!;
  await page.getByRole('searchbox', { name: 'Search within' }).fill(feature);
  await expect(heading(page, /^1 feature chosen, found$/)).toBeVisible();
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export these' }).click();
  const csv = await readFile(await (await download).path(), 'utf8');
  expect(csv.trim().split('\n')).toHaveLength(2);
  expect(csv).toContain(`\n${feature},`);
  await page.getByRole('button', { name: 'Pin all' }).click();
  await expect(page).toHaveURL(new RegExp(`pins=${feature}`));
  await page.getByRole('searchbox', { name: 'Search within' }).fill('');
  await page.getByRole('button', { name: 'Clear the choice' }).click();
  await expect(heading(page, /features on the map$/)).toBeVisible();

  // The same by keyboard: zoom, walk, choose what is in sight, open.
  await map(page).focus();
  for (const key of ['+', '+', '+', 'ArrowRight', 'ArrowDown']) await page.keyboard.press(key);
  await expect(readout(page)).toContainText(/#\d+/);
  await expect(heading(page, /features in sight$/)).toBeVisible();
  const seen = number(await heading(page, /features in sight$/).innerText());
  await page.keyboard.press('l');
  await expect(heading(page, /features chosen$/)).toBeVisible();
  expect(number(await heading(page, /features chosen$/).innerText())).toBe(seen);
  expect(seen).toBeLessThan(2048);
  const walked = /#(\d+)/.exec(await readout(page).innerText())![1]!;
  await page.keyboard.press('p');
  await expect(page).toHaveURL(new RegExp(`pins=${feature},${walked}|pins=$`));
  await page.keyboard.press('Escape');
  await expect(heading(page, /features in sight$/)).toBeVisible();
  await page.keyboard.press('0');
  await expect(heading(page, /features on the map$/)).toBeVisible();
  for (const key of ['ArrowLeft', 'Enter']) await page.keyboard.press(key);
  await expect(page).toHaveURL(/[?&]f=\d+/);
});

test(
  'colours follow the texts and the link, and the picture is exported',
  { tag: '@long' },
  async ({ page }) => {
    test.slow();
    await mapped(page, '#/features?tab=map&colour=found&pins=3,1000');
    await expect(page.locator('.map-legend')).toContainText('2 found: pinned features');
    const few = await coloursDrawn(page);
    await page.getByRole('combobox', { name: 'Colour by' }).selectOption('rate');
    await expect(page).not.toHaveURL(/colour=/);
    await page.getByRole('button', { name: 'Read texts to colour by' }).click();
    await expect(page.locator('.map-legend')).toContainText(/≤ [\d.]+\s%.*≥ [\d.]+\s%.*share of tokens/, {
      timeout: 60_000,
    });
    await expect.poll(() => coloursDrawn(page)).toBeGreaterThan(few);
    // Tokens may hold line breaks and commas.
    const rates = csvParseRows(await exported(page, 'Feature map'))
      .slice(1)
      .map((row) => Number(row[3]));
    expect(rates).toHaveLength(2048);
    expect(rates.every((rate) => rate >= 0 && rate <= 1)).toBe(true);
    for (const kind of ['SVG', 'PNG']) {
      await page.getByRole('button', { name: 'Export Feature map', exact: true }).click();
      const download = page.waitForEvent('download');
      await page.getByRole('menuitem', { name: kind }).click();
      const file = await readFile(await (await download).path());
      expect(file.length).toBeGreaterThan(20_000);
      if (kind === 'SVG') expect(file.toString().match(/M[\d.]+ [\d.]+h0/g)).toHaveLength(2048);
    }
  },
);

test('the layout is stopped by its button and made when asked', { tag: '@long' }, async ({ page }) => {
  test.slow();
  await page.goto('/#/features?tab=map');
  const stop = panel(page, 'Feature map').getByRole('button', { name: 'Stop' });
  await stop.click({ timeout: 90_000 });
  const make = page.getByRole('button', { name: 'Make the map' });
  await expect(make).toBeFocused();
  await expect(map(page)).toBeHidden();
  await make.click();
  await expect(panel(page, 'Feature map')).toContainText('true neighbours,', { timeout: 150_000 });
});

test('axe finds nothing to mend, and nothing is cut off sideways', { tag: '@long' }, async ({ page }) => {
  test.slow();
  await mapped(page, '#/features?tab=map&pins=3');
  await expect(page.getByRole('button', { name: /^#\d/ }).first()).toBeVisible();
  expect(await violationsInBoth(page, '.map-panel')).toEqual([]);
  for (const width of [360, 768, 1280, 2560]) {
    await page.setViewportSize({ width, height: 900 });
    await noSidewaysScroll(page);
  }
});
