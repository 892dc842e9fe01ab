import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page, test } from '@playwright/test';
import { features, noSidewaysScroll, open, panel, tokens } from './support.ts';

/** @param part what has just opened; the rest of the page was looked at before, and a whole page takes long */
async function violations(page: Page, part?: string): Promise<string[]> {
  const builder = new AxeBuilder({ page });
  const { violations: found } = await (part ? builder.include(part) : builder).analyze();
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
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

  test(`axe finds nothing to mend among the heads, ${colorScheme}`, async ({ page }) => {
    test.slow();
    await page.emulateMedia({ colorScheme });
    await page.goto('/#/heads');
    await expect(page.locator('[data-layer="3"][data-head="5"]')).toHaveAccessibleName(/ of 24/, {
      timeout: 60_000,
    });
    expect(await violations(page, '.heads')).toEqual([]);
    await page.locator('[data-layer="2"][data-head="1"]').click();
    await page.getByRole('button', { name: 'Ablate this head' }).click();
    await expect(page.locator('[data-figure="loss rise"]')).toHaveText(/\d/, { timeout: 60_000 });
    await expect(page.getByRole('listbox', { name: 'Tokens by attention' })).toBeVisible();
    expect(await violations(page, '.head-page')).toEqual([]);
    await page.getByRole('tab', { name: 'Circuits' }).click();
    await expect(page.locator('[data-figure="copying"]')).toHaveText(/\d/, { timeout: 60_000 });
    expect(await violations(page, '.head-parts')).toEqual([]);
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

test('nothing is cut off sideways, from 360 px to 4K', async ({ page }) => {
  await open(page, '#/explore?f=3&pins=1,2');
  await expect(panel(page, 'Nearest features')).toBeVisible({ timeout: 30_000 });
  for (const width of [360, 768, 1280, 1920, 3840]) {
    await page.setViewportSize({ width, height: 900 });
    await noSidewaysScroll(page);
    await expect(page.locator('[data-figure="Error share"]')).toBeInViewport();
  }
});

test('a visitor’s choice of colours holds after reloading', async ({ page }) => {
  await open(page);
  await page.getByLabel('Colours').selectOption('dark');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await page.reload();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
});
