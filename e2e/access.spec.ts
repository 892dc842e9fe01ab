import { expect, test } from '@playwright/test';
import { features, noSidewaysScroll, open, panel, tokens, violations, violationsInBoth } from './support.ts';

test('axe finds nothing to mend, light and dark', async ({ page }) => {
  test.slow();
  await open(page);
  expect(await violationsInBoth(page)).toEqual([]);
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
  expect(await violationsInBoth(page)).toEqual([]);
  await page.getByRole('button', { name: 'Definition of L0' }).click();
  expect(await violationsInBoth(page, '.popover')).toEqual([]);
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Export Tokens', exact: true }).click();
  expect(await violationsInBoth(page, '.menu')).toEqual([]);
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Help' }).click();
  expect(await violationsInBoth(page, 'dialog')).toEqual([]);
});

/** A feature of layer 2’s heads on one token, and where it comes from. */
const BENCH =
  '#/heads?dict=blocks.2.attn.hook_z&l=2&h=3&part=features&f=626&at=4&text=When+Mary+and+John+got+a+lamp,+Mary+gave+it+to+John.';

for (const colorScheme of ['light', 'dark'] as const) {
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

test('axe finds nothing to mend among the heads, light and dark', { tag: '@long' }, async ({ page }) => {
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

test('nothing is cut off sideways, from 360 px to 4K', async ({ page }) => {
  await open(page, '#/explore?f=3&pins=1,2');
  await expect(panel(page, 'Nearest features')).toBeVisible({ timeout: 30_000 });
  for (const width of [360, 768, 1280, 1920, 3840]) {
    await page.setViewportSize({ width, height: 900 });
    await noSidewaysScroll(page);
    await expect(page.locator('[data-figure="Error share"]')).toBeInViewport();
  }
});

test('nothing is cut off sideways in any part of a head’s page', { tag: '@long' }, async ({ page }) => {
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
