import { expect, type Page, test } from '@playwright/test';
import { exported, numbersOf, open, ready, violations } from './support.ts';

const LINK = '#/explore?f=7&text=Tom+gave+the+ball+to+Anna.';
const choice = (page: Page) => page.getByLabel('Computed by', { exact: true });

/** Features of the text; without the last column, which comes with a sample that goes on by itself. */
const features = async (page: Page): Promise<number[][]> =>
  numbersOf((await exported(page, 'Features')).replaceAll(/,[^,\n]*$/gm, ''));

test('what computes is changed by keyboard; the view and its numbers stay', async ({ page }) => {
  await open(page, LINK);
  await expect(choice(page)).toHaveAttribute('title', /CPU.*because WebGPU has no graphics card here/);
  const before = await features(page);
  expect(before.length).toBeGreaterThan(10);

  await choice(page).focus();
  await page.keyboard.type('WebGPU');
  await expect(page.getByRole('progressbar', { name: 'Loading' })).toBeVisible();
  await ready(page);
  await expect(choice(page)).toHaveAttribute('title', /^WebGPU:/);
  await expect(page.getByRole('article', { name: 'Feature 7' })).toBeVisible();
  const after = await features(page);
  expect(after).toHaveLength(before.length);
  after.forEach((row, i) => row.forEach((value, j) => expect(value).toBeCloseTo(before[i]![j]!, 2)));

  // The choice is kept in this browser, and in no link.
  expect(page.url()).not.toContain('backend');
  await page.reload();
  await ready(page);
  await expect(choice(page)).toHaveAttribute('title', /^WebGPU:/);

  // The same choice in the help, for narrow windows, whose header has no room for it.
  await page.setViewportSize({ width: 360, height: 800 });
  await page.getByRole('button', { name: 'Help' }).click();
  const dialog = page.getByRole('dialog', { name: 'What this page does' });
  expect(await violations(page, 'dialog')).toEqual([]);
  await dialog.getByLabel('Computed by').focus();
  await page.keyboard.type('CPU');
  await ready(page);
  await page.setViewportSize({ width: 1280, height: 800 });
  await expect(choice(page)).toHaveAttribute('title', /CPU.*as you chose/);
});

test('the address asks for a backend for this page only', async ({ page }) => {
  await open(page, `?backend=cpu${LINK}`);
  await expect(choice(page)).toHaveValue('cpu');
  await open(page, LINK);
  await expect(choice(page)).toHaveValue('auto');
});
