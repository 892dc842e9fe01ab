import { expect, type Locator, type Page, test } from '@playwright/test';
import { exported, figure, noSidewaysScroll, panel, violationsInBoth } from './support.ts';

const COMPLETE = /all of them/;
const read = (page: Page): Locator => figure(page, 'read');

/** Figures of every feature of the scan, as the file has them. */
const numbers = (page: Page): Promise<string> => exported(page, 'How often and how strongly');

test('many texts are read, paused, read on after a reload, and say the same as read at one go', async ({
  page,
  browser,
}) => {
  test.slow();
  await page.goto('#/prompts?over=storyworld-5-120');
  await page.getByRole('button', { name: 'Read 120 texts' }).click();
  await expect(page.getByText(/of 120 texts, .* tokens a second/)).toBeVisible({ timeout: 60_000 });
  await page.getByRole('button', { name: 'Pause' }).click();
  await expect(page.getByRole('button', { name: 'Read on' })).toBeVisible();
  // What was read can be looked at meanwhile.
  await expect(panel(page, 'What was read')).toBeVisible();
  await expect(read(page)).not.toHaveText(COMPLETE);
  // Once it is on the device, not before.
  await expect(page.getByText(/^Kept on this device: 1 scan/)).toBeVisible();
  const part = await read(page).textContent();
  await page.reload();
  await expect(page.getByRole('button', { name: 'Read on' })).toBeVisible({ timeout: 60_000 });
  expect(await read(page).textContent()).toBe(part);
  await page.getByRole('button', { name: 'Read on' }).click();
  await expect(read(page)).toHaveText(COMPLETE, { timeout: 120_000 });
  await expect(page.getByRole('button', { name: 'Pause' })).toHaveCount(0);
  const inParts = await numbers(page);
  expect(inParts.split('\n').length).toBeGreaterThan(1_000);

  const other = await (await browser.newContext()).newPage();
  await other.goto('#/prompts?over=storyworld-5-120');
  await other.getByRole('button', { name: 'Read 120 texts' }).click();
  await expect(read(other)).toHaveText(COMPLETE, { timeout: 120_000 });
  expect(await numbers(other)).toBe(inParts);

  // From the whole to one feature and back by link.
  await panel(page, 'What was read').getByRole('button', { name: 'All features of these texts' }).click();
  await expect(page.getByRole('tab', { name: 'All features' })).toHaveAttribute('aria-selected', 'true');
  expect(page.url()).toContain('over=storyworld-5-120');
  await page.goBack();
  await page.getByText(/^Kept on this device: 1 scan/).click();
  await expect(page.getByRole('list', { name: 'Kept scans' })).toContainText('120 of 120 texts');
  await page.getByRole('button', { name: 'Remove the scan of Storyworld, seed 5' }).click();
  await page.getByRole('button', { name: 'Yes, remove the scan of Storyworld, seed 5' }).click();
  await expect(page.getByRole('button', { name: 'Read 120 texts' })).toBeVisible();
});

test('the view is for everyone, and for phones', async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await page.goto('#/prompts?over=storyworld-5-8');
  await page.getByRole('button', { name: 'Read 8 texts' }).press('Enter');
  await expect(read(page)).toHaveText(COMPLETE, { timeout: 60_000 });
  await expect(panel(page, 'How often features fire').getByRole('img')).toBeVisible();
  await noSidewaysScroll(page);
  expect(await violationsInBoth(page)).toEqual([]);
});
