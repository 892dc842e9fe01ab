import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page, test } from '@playwright/test';
import { features, noSidewaysScroll, open, panel, tokens } from './support.ts';

/** A feature of layer 2’s heads on one token, and where it comes from. */
const BENCH =
  '#/heads?dict=blocks.2.attn.hook_z&l=2&h=3&part=features&f=626&at=4&text=When+Mary+and+John+got+a+lamp,+Mary+gave+it+to+John.';

/** @param part what has just opened; the rest of the page was looked at before, and a whole page takes long */
async function violations(page: Page, part?: string): Promise<string[]> {
  const builder = new AxeBuilder({ page });
  const { violations: found } = await (part ? builder.include(part) : builder).analyze();
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
}

/** The heads take long to measure, so both schemes are looked at on one page. */
async function violationsInBoth(page: Page, part: string): Promise<string[]> {
  const found: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    found.push(...(await violations(page, part)));
  }
  return found;
}

for (const colorScheme of ['light', 'dark'] as const) {
  test(`axe finds nothing to mend, ${colorScheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme });
    await open(page);
    expect(await violations(page)).toEqual([]);
    await tokens(page).nth(4).click();
    await features(page).nth(1).click();
    await features(page).nth(2).focus();
    await page.keyboard.press('p');
    await expect(panel(page, 'Nearest features')).toBeVisible({ timeout: 30_000 });
    await expect(page.getByRole('slider', { name: 'Least share of tokens' })).toBeVisible({
      timeout: 60_000,
    });
    await page.getByRole('button', { name: 'Loss as a table' }).click();
    await page.getByText('Profile: what reading this text costs').click();
    await expect(page.getByRole('list', { name: 'Time per kernel' })).toBeVisible();
    expect(await violations(page)).toEqual([]);
    await page.getByRole('button', { name: 'Definition of L0' }).click();
    expect(await violations(page, '.popover')).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Export Tokens', exact: true }).click();
    expect(await violations(page, '.menu')).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Help' }).click();
    expect(await violations(page, 'dialog')).toEqual([]);
  });

  test(`axe on the pages that stand in for a view, ${colorScheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme });
    await page.goto('/#/explore?sort=up&text=Tom');
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    expect(await violations(page)).toEqual([]);
    await page.route('**/catalogue.json', (route) => route.abort());
    await page.getByRole('button', { name: 'Open the usual view' }).click();
    await expect(page.getByRole('button', { name: 'Start again' })).toBeVisible();
    expect(await violations(page)).toEqual([]);
  });
}

test('axe finds nothing to mend among the heads, light and dark', async ({ page }) => {
  test.slow();
  await page.goto('/#/heads');
  await expect(page.locator('[data-layer="3"][data-head="5"]')).toHaveAccessibleName(/ of 24/, {
    timeout: 60_000,
  });
  expect(await violationsInBoth(page, '.heads')).toEqual([]);
  await page.locator('[data-layer="2"][data-head="1"]').click();
  await page.getByRole('button', { name: 'Ablate this head' }).click();
  await expect(page.locator('[data-figure="loss rise"]')).toHaveText(/\d/, { timeout: 60_000 });
  await expect(page.getByRole('listbox', { name: 'Tokens by attention' })).toBeVisible();
  expect(await violationsInBoth(page, '.head-page')).toEqual([]);
  await page.getByRole('button', { name: 'Definitions of the scores' }).click();
  expect(await violationsInBoth(page, '.popover')).toEqual([]);
  await page.keyboard.press('Escape');
  await page.getByRole('tab', { name: 'Circuits' }).click();
  await expect(page.locator('[data-figure="copying"]')).toHaveText(/\d/, { timeout: 60_000 });
  expect(await violationsInBoth(page, '.head-parts')).toEqual([]);
});

test('axe finds nothing to mend in a feature’s sources, roles and sparse attention, light and dark', async ({
  page,
}) => {
  test.setTimeout(300_000);
  await page.goto(`/${BENCH}`);
  await expect(page.locator('.bench-node')).toHaveAttribute('aria-busy', 'false', { timeout: 60_000 });
  await page.locator('.matrix-cursor').click();
  // What is shown while the next step is worked out is dimmed.
  await expect(page.locator('.crumb')).toHaveCount(2, { timeout: 60_000 });
  await expect(page.locator('.bench-node')).toHaveAttribute('aria-busy', 'false', { timeout: 60_000 });
  expect(await violationsInBoth(page, '.head-part')).toEqual([]);
  await page
    .getByRole('article')
    .getByLabel('Dictionary', { exact: true })
    .selectOption('blocks.1.attn.hook_z');
  await expect(page.locator('.upstream-row').first()).toBeVisible({ timeout: 60_000 });
  await expect(page.locator('.bench-node')).toHaveAttribute('aria-busy', 'false', { timeout: 60_000 });
  expect(await violationsInBoth(page, '.head-part')).toEqual([]);
  await page.getByRole('tab', { name: 'Sparse attention' }).click();
  await page.getByRole('button', { name: 'head 2.3', exact: true }).click();
  await expect(page.locator('[data-figure="Rise of the loss"]')).toBeVisible({ timeout: 60_000 });
  await expect(page.locator('.sparse-result')).toHaveAttribute('aria-busy', 'false', { timeout: 60_000 });
  expect(await violationsInBoth(page, '.head-part')).toEqual([]);
  await page.getByRole('tab', { name: 'Roles' }).click();
  await expect(page.getByRole('list', { name: 'Roles' }).getByRole('article').first()).toBeVisible({
    timeout: 120_000,
  });
  expect(await violationsInBoth(page, '.head-part')).toEqual([]);
});

test('nothing is cut off sideways, from 360 px to 4K', async ({ page }) => {
  await open(page, '#/explore?f=3&pins=1,2');
  await expect(panel(page, 'Nearest features')).toBeVisible({ timeout: 30_000 });
  for (const width of [360, 768, 1280, 1920, 3840]) {
    await page.setViewportSize({ width, height: 900 });
    await noSidewaysScroll(page);
    await expect(page.locator('[data-figure="Error share"]')).toBeInViewport();
  }
});

test('nothing is cut off sideways in any part of a head’s page', async ({ page }) => {
  test.slow();
  await page.goto(`/${BENCH}`);
  await expect(page.locator('.bench-node')).toHaveAttribute('aria-busy', 'false', { timeout: 60_000 });
  const everyWidth = async (): Promise<void> => {
    for (const width of [360, 768, 1280, 2560]) {
      await page.setViewportSize({ width, height: 900 });
      await noSidewaysScroll(page);
    }
  };
  await everyWidth();
  await page.getByRole('tab', { name: 'Sparse attention' }).click();
  await page.getByRole('button', { name: 'head 2.3', exact: true }).click();
  await expect(page.locator('[data-figure="Rise of the loss"]')).toBeVisible({ timeout: 60_000 });
  await everyWidth();
});

test('a visitor’s choice of colours holds after reloading', async ({ page }) => {
  await open(page);
  await page.getByLabel('Colours').selectOption('dark');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await page.reload();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
});
