import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { AxeBuilder } from '@axe-core/playwright';
import { expect, type FrameLocator, type Page, test } from '@playwright/test';
import { noSidewaysScroll, panel, violationsInBoth } from './support.ts';

/** Few texts, so that a software adapter reads them soon. */
const FEATURE = 'f=12&over=storyworld-1-12';
const PAGE = `#/features?${FEATURE}`;

const label = (page: Page) => page.getByRole('textbox', { name: 'Label', exact: true });
const note = (page: Page) => page.getByRole('textbox', { name: 'Note', exact: true });
const files = (page: Page) => page.getByRole('dialog', { name: 'Files' });

async function openFeature(page: Page, fragment = PAGE): Promise<void> {
  await page.goto(`/${fragment}`);
  await expect(page.getByRole('heading', { level: 1, name: /^Feature \d+$/ })).toBeVisible({
    timeout: 60_000,
  });
  await expect(label(page)).toBeEnabled();
}

/** Saves what a button or a menu entry offers. */
async function saved(
  page: Page,
  act: () => Promise<void>,
): Promise<{ name: string; text: string; path: string }> {
  const download = page.waitForEvent('download', { timeout: 90_000 });
  await act();
  const found = await download;
  const path = await found.path();
  return { name: found.suggestedFilename(), text: await readFile(path, 'utf8'), path };
}

async function openFile(page: Page, name: string, content: string | Buffer): Promise<void> {
  const buffer = typeof content === 'string' ? Buffer.from(content) : content;
  await files(page)
    .locator('input[type="file"]')
    .setInputFiles({ name, mimeType: 'application/octet-stream', buffer });
}

const kept = (page: Page) =>
  expect(panel(page, 'Your label and note').getByText('Kept in this browser.')).toBeVisible();

test(
  'a label and a note outlive the page, reach other tabs and stand where the feature is named',
  { tag: '@long' },
  async ({ page, context }) => {
    test.slow();
    await openFeature(page);
    await label(page).fill('givers <b>');
    await page.keyboard.press('Tab');
    await expect(note(page)).toBeFocused();
    await page.keyboard.insertText('after a verb\nsee 13');
    await kept(page);
    await expect(page.locator('.feature-page-label')).toContainText('givers <b>');
    expect(await violationsInBoth(page, '.feature-notes')).toEqual([]);

    // Written and left at once.
    await label(page).fill('givers');
    await page.reload();
    await expect(label(page)).toHaveValue('givers', { timeout: 60_000 });
    await expect(note(page)).toHaveValue('after a verb\nsee 13');

    const other = await context.newPage();
    await other.goto(`/#/explore?${FEATURE}&pins=12`);
    const pins = panel(other, 'Pinned features');
    await expect(pins).toContainText('givers', { timeout: 60_000 });
    await label(page).fill('receivers');
    await expect(pins).toContainText('receivers');
    await other.close();

    // Escape takes back, and what was deleted comes back too.
    await label(page).press('Escape');
    await expect(label(page)).toHaveValue('givers');
    await page.getByRole('button', { name: 'Delete label and note of feature 12' }).click();
    await expect(label(page)).toHaveValue('');
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect(label(page)).toHaveValue('givers');

    // Of another dictionary the same number is another feature.
    await openFeature(page, '#/features?f=12&over=storyworld-1-12&dict=blocks.3.hook_resid_post');
    await expect(label(page)).toHaveValue('');
  },
);

test('notes, explanations and sessions go out and come in', async ({ page }) => {
  test.slow();
  await openFeature(page);
  await label(page).fill('givers');
  await kept(page);
  await page.getByRole('button', { name: 'Files' }).click();
  const notes = await saved(page, () =>
    files(page).getByRole('button', { name: 'Notes and explanations' }).click(),
  );
  expect(notes.name).toMatch(/^facet-notes-[\d-]+\.json$/);
  expect(JSON.parse(notes.text).dictionaries[0]).toMatchObject({
    dictionary: 'blocks.2.hook_resid_pre',
    notes: [{ feature: 12, label: { text: 'givers' } }],
  });
  const session = await saved(page, () => files(page).getByRole('button', { name: 'Session' }).click());
  expect(JSON.parse(session.text)).toMatchObject({
    format: 'facet-session',
    link: expect.stringContaining('f=12'),
  });
  expect(await violationsInBoth(page, '.files-dialog')).toEqual([]);

  // Two explanations, one of a feature the dictionary does not have, and a row that is none; compressed.
  const rows = [
    {
      modelId: 'storyworld',
      layer: '2-res-x',
      index: '12',
      description: 'verbs of giving',
      explanationModelName: 'someone',
    },
    { modelId: 'storyworld', layer: '2-res-x', index: 2048, description: 'beyond' },
    { modelId: 'storyworld', layer: '2-res-x', description: 'of nothing' },
  ];
  await openFile(page, 'batch-0.jsonl.gz', gzipSync(rows.map((row) => JSON.stringify(row)).join('\n')));
  const said = files(page).getByRole('status');
  await expect(said).toContainText('1 explanation added.');
  await expect(said).toContainText('1 explanation of features this dictionary does not have was left out.');
  await expect(said).toContainText('1 row could not be used (row 3: It names no feature.)');
  await openFile(page, 'x.json', 'neither');
  await expect(files(page).getByRole('alert')).toContainText('holds no explanations');
  await page.keyboard.press('Escape');
  const own = panel(page, 'Your label and note');
  await expect(own).toContainText('verbs of giving');
  await expect(own).toContainText('someone');

  // The label is deleted; the session brings it back, with its view.
  await page.getByRole('button', { name: 'Delete label and note of feature 12' }).click();
  await page.getByRole('button', { name: '← All features' }).click();
  await page.getByRole('button', { name: 'Files' }).click();
  await openFile(page, session.name, session.text);
  await expect(files(page).getByRole('status')).toContainText('1 note: 1 new');
  await page.keyboard.press('Escape');
  await expect(label(page)).toHaveValue('givers');
});

test('a feature as a page of its own, and in the JSON of others', async ({ page, context }) => {
  test.slow();
  await openFeature(page);
  await label(page).fill('givers <script>alert(1)</script>');
  await page.getByRole('button', { name: 'Read these texts' }).click();
  await expect(page.locator('[data-figure="texts read"]')).toHaveText('12', { timeout: 90_000 });
  const exported = (entry: string) =>
    saved(page, async () => {
      await page.getByRole('button', { name: 'Export page' }).click();
      await page.getByRole('menuitem', { name: entry }).click();
    });

  const html = await exported('Page of its own (HTML)');
  expect(html.name).toBe('facet-feature-12.html');
  const alone = await context.newPage();
  const requests: string[] = [];
  alone.on('request', (request) => requests.push(request.url()));
  alone.on('dialog', () => requests.push('a dialog'));
  await alone.route('https://page.test/**', (route) =>
    route.fulfill({ body: html.text, contentType: 'text/html; charset=utf-8' }),
  );
  await alone.goto('https://page.test/feature.html');
  await expect(alone.getByRole('heading', { level: 1 })).toHaveText('Feature 12 of blocks.2.hook_resid_pre');
  await expect(alone.locator('header')).toContainText('givers <script>alert(1)</script>');
  await expect(alone.locator('header')).toContainText(
    /Measured on Storyworld, seed 1: [\d,]+ tokens of 12 texts\./,
  );
  expect(await alone.locator('script').count()).toBe(0);
  // The strongest token is tinted.
  const strongest = alone.locator('.t20').first();
  await expect(strongest).toBeVisible();
  expect(await strongest.evaluate((token) => getComputedStyle(token).backgroundColor)).not.toBe(
    'rgba(0, 0, 0, 0)',
  );
  await expect(alone.getByRole('img', { name: /^Histogram/ })).toBeVisible();
  expect(await alone.getByRole('link', { name: 'Open it in Facet' }).getAttribute('href')).toContain('f=12');
  const { violations } = await new AxeBuilder({ page: alone }).analyze();
  expect(violations.map(({ id }) => id)).toEqual([]);
  await alone.emulateMedia({ colorScheme: 'dark' });
  const dark = await new AxeBuilder({ page: alone }).withRules(['color-contrast']).analyze();
  expect(dark.violations).toEqual([]);
  await alone.setViewportSize({ width: 360, height: 700 });
  await noSidewaysScroll(alone);
  expect(requests.filter((url) => !/^https:\/\/page\.test\/(feature\.html|favicon\.ico)$/.test(url))).toEqual(
    [],
  );
  await alone.close();

  const neuronpedia = JSON.parse((await exported('Neuronpedia’s JSON')).text);
  expect(neuronpedia).toMatchObject({
    modelId: 'storyworld-2m',
    layer: '2-res_pre-facet',
    index: '12',
    hookName: 'blocks.2.hook_resid_pre',
    explanations: [{ description: 'givers <script>alert(1)</script>' }],
  });
  expect(neuronpedia.pos_str.length).toBe(neuronpedia.pos_values.length);
  expect(neuronpedia.activations.length).toBeGreaterThan(0);
  for (const { tokens, values, maxValue, maxValueTokenIndex } of neuronpedia.activations) {
    expect(values).toHaveLength(tokens.length);
    expect(values[maxValueTokenIndex]).toBeCloseTo(maxValue, 4);
  }
  const counted = neuronpedia.freq_hist_data_bar_heights.reduce((sum: number, bar: number) => sum + bar, 0);
  expect(counted).toBeCloseTo(neuronpedia.frac_nonzero * neuronpedia.facet.corpus.tokens, 3);
  const quantiles = JSON.parse((await exported('sae_vis’s JSON, by quantile')).text);
  expect(quantiles.examples_quantiles[0].quantile_name).toBe('Top activations');

  // What was written is taken in again, and shown apart from what is measured.
  await page.getByRole('button', { name: 'Files' }).click();
  await openFile(page, 'feature.json', JSON.stringify(neuronpedia));
  await expect(files(page).getByRole('status')).toContainText('Feature 12 is shown on its page');
  await page.keyboard.press('Escape');
  await page.getByText('As storyworld-2m/2-res_pre-facet showed it').click();
  await expect(
    page.getByRole('list', { name: 'Imported examples' }).getByRole('listitem').first(),
  ).toBeVisible();
});

/** A page of another site with a frame in it, whose storage is refused. */
async function framed(page: Page, source: string): Promise<FrameLocator> {
  const body = '<!doctype html><title>Around</title><iframe width="540" height="300"></iframe>';
  // A server of its own: browsers ask before a page of nowhere frames one of this computer.
  const around = createServer((_, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end(body);
  }).listen(0, 'localhost');
  await once(around, 'listening');
  await page.addInitScript(() => {
    if (window === window.top) return;
    const refuse = (): never => {
      throw new DOMException('refused', 'SecurityError');
    };
    for (const name of ['localStorage', 'sessionStorage', 'indexedDB', 'caches'])
      Object.defineProperty(window, name, { get: refuse });
    Object.defineProperty(navigator, 'storage', { get: refuse });
    Object.defineProperty(navigator, 'serviceWorker', { get: refuse });
  });
  await page.goto(`http://localhost:${(around.address() as AddressInfo).port}/`);
  around.close();
  await page.locator('iframe').evaluate((frame: HTMLIFrameElement, src) => {
    frame.src = src;
  }, source);
  return page.frameLocator('iframe');
}

test(
  'a feature in a frame of another site, also where its storage is refused',
  { tag: '@long' },
  async ({ page, baseURL }) => {
    test.slow();
    const query =
      'embed=true&embedplots=false&embedtestfield=false&label=givers&defaulttesttext=Anna+gave+it+to+Tom.';
    const frame = await framed(page, `${baseURL}?${query}${PAGE}`);
    await expect(frame.getByRole('heading', { name: 'Feature 12' })).toBeVisible({ timeout: 60_000 });
    await expect(frame.locator('.embed-head')).toContainText('givers');
    // What is asked for is there, and nothing else: no menu of the page, no plots, no field.
    const tested = frame.getByRole('region', { name: 'Test it here' });
    await expect(tested).toContainText('Anna gave it to Tom.', { timeout: 60_000 });
    await expect(frame.getByRole('textbox')).toHaveCount(0);
    await expect(frame.getByRole('navigation')).toHaveCount(0);
    await expect(frame.getByRole('heading', { name: /promotes and suppresses/ })).toHaveCount(0);
    await frame.getByRole('button', { name: 'Read texts' }).click();
    const examples = frame.getByRole('list', { name: 'Texts with the largest values' }).getByRole('listitem');
    await expect(examples.first()).toBeVisible({ timeout: 90_000 });
    await expect(frame.locator('[data-figure="source"]')).toContainText('Storyworld, seed 1: 12 of 12 texts');
    const link = frame.getByRole('link', { name: 'Open in Facet' });
    expect(await link.getAttribute('href')).toMatch(/\/#\/features\?.*f=12/);
    expect(await link.getAttribute('href')).not.toContain('embed');
    expect(await frame.getByRole('link', { name: 'Steer with it' }).getAttribute('href')).toContain(
      '#/steering?',
    );
    // 540 pixels are enough.
    const beyond = await frame.locator('html').evaluate((root) => root.scrollWidth - root.clientWidth);
    expect(beyond).toBe(0);
  },
);

test(
  'the code of a frame is made by keyboard, and leads to what it says',
  { tag: '@long' },
  async ({ page, context }) => {
    test.slow();
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await openFeature(page);
    await page.getByRole('button', { name: 'Export page' }).focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('End');
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Embed feature 12 in another page' });
    await expect(dialog).toBeVisible();
    for (const name of ['Test on a text', 'Examples', 'Label and explanation']) {
      await dialog.getByRole('checkbox', { name }).focus();
      await page.keyboard.press('Space');
    }
    await dialog.getByRole('button', { name: 'Make and copy the code' }).press('Enter');
    await expect(dialog.getByText('Copied.')).toBeVisible();
    expect(await violationsInBoth(page, '.embed-dialog')).toEqual([]);
    const code = await dialog.getByRole('textbox', { name: 'Code', exact: true }).inputValue();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(code);
    const source = /src="([^"]*)"/.exec(code)![1]!.replaceAll('&amp;', '&');
    const alone = await context.newPage();
    await alone.goto(source);
    await expect(alone.getByRole('region', { name: /promotes and suppresses/ })).toBeVisible({
      timeout: 60_000,
    });
    await expect(alone.getByRole('region', { name: 'Test it here' })).toHaveCount(0);
    await expect(alone.getByRole('region', { name: 'Examples' })).toHaveCount(0);
    expect(await violationsInBoth(alone)).toEqual([]);
  },
);
