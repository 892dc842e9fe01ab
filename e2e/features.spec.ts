import { expect, type Page, test } from '@playwright/test';
import {
  exported,
  features,
  figure,
  noSidewaysScroll,
  open,
  panel,
  tokens,
  violationsInBoth,
} from './support.ts';

/** Few texts, so that a software adapter reads them soon. */
const TEXTS = 'over=storyworld-1-16';

const title = (page: Page) => page.getByRole('heading', { level: 1 });
const testBox = (page: Page) => page.getByRole('textbox', { name: 'Text to test the feature on' });
const group = (page: Page, name: string | RegExp) => panel(page, 'Examples').getByRole('region', { name });

async function examplesShown(page: Page): Promise<void> {
  await expect(group(page, 'Top')).toBeVisible({ timeout: 90_000 });
  await expect(group(page, 'Near misses')).toBeVisible({ timeout: 90_000 });
}

/** The page of a feature that fires in the text, but not everywhere as the strongest do. */
async function openPage(page: Page): Promise<void> {
  await open(page, `#/explore?${TEXTS}`);
  await tokens(page).nth(6).click();
  await features(page).nth(9).click();
  await page.getByRole('button', { name: 'Its page' }).click();
  await expect(title(page)).toHaveText(/^Feature \d+$/);
  await page.getByRole('button', { name: 'Read these texts' }).click();
}

test('from a feature in Explore to its page: what it rests on, examples by groups, a text of one’s own', async ({
  page,
}) => {
  test.slow();
  await openPage(page);
  await expect(figure(page, 'texts read')).toHaveText('16', { timeout: 90_000 });
  const source = page.getByRole('region', { name: 'What this page rests on' });
  await expect(source).toContainText('Storyworld, seed 1');
  await expect(source).toContainText('complete');
  await examplesShown(page);
  await expect(figure(page, 'density')).toHaveText(/%/);
  // The strongest example has the largest value there is, and the text it is of.
  const first = group(page, 'Top').getByRole('article').first();
  await expect(first.locator('.example-peak strong')).toHaveText(await figure(page, 'largest').innerText());
  const rows = (await exported(page, 'Examples')).trim().split('\n');
  expect(rows[0]).toContain('group,from,to,text,token,position,value');
  expect(rows.some((row) => row.startsWith('near-miss,'))).toBe(true);

  // An example goes into the test box, and comes out with the same value.
  const value = await first.locator('.example-peak strong').innerText();
  await first.getByRole('button', { name: /^Use text/ }).click();
  await page.getByRole('menuitem', { name: 'Edit it in the test box' }).click();
  await expect(testBox(page)).toBeFocused();
  await expect(figure(page, 'test')).toContainText(value, { timeout: 60_000 });
  await testBox(page).fill('');
  await expect(figure(page, 'test')).not.toContainText(value);

  expect(await violationsInBoth(page, '.feature-page')).toEqual([]);
  await page.setViewportSize({ width: 360, height: 800 });
  await noSidewaysScroll(page);
});

test('the page by keyboard, and again from its link', { tag: '@long' }, async ({ page, context }) => {
  test.slow();
  await openPage(page);
  await examplesShown(page);
  const number = Number((await title(page).innerText()).replace('Feature ', ''));
  await testBox(page).focus();
  await page.keyboard.press(']');
  await expect(testBox(page)).toHaveValue(/\]/);
  await panel(page, 'Examples').getByRole('radio', { name: 'full' }).focus();
  await page.keyboard.press('Space');
  // Tokens it fires on: one stop a text, arrows inside.
  const fired = group(page, 'Top').getByRole('article').first().locator('[data-token]');
  await fired.and(page.locator('[tabindex="0"]')).focus();
  await page.keyboard.press('Home');
  await expect(fired.first()).toBeFocused();
  await expect(fired.first()).toHaveAttribute('aria-label', /, [\d.]+$/);
  await page.keyboard.press(']');
  await expect(title(page)).toHaveText(`Feature ${number + 1}`);
  await expect(title(page)).toBeFocused();
  await page.keyboard.press('[');
  await expect(title(page)).toHaveText(`Feature ${number}`);
  await examplesShown(page);
  const value = await figure(page, 'largest').innerText();

  const other = await context.newPage();
  await other.goto(page.url());
  await expect(title(other)).toHaveText(`Feature ${number}`, { timeout: 60_000 });
  // What was read is kept on the device.
  await expect(figure(other, 'texts read')).toHaveText('16', { timeout: 60_000 });
  await expect(figure(other, 'largest')).toHaveText(value);
  await expect(testBox(other)).toHaveValue(/\]/);
  await examplesShown(other);
  await other.close();

  await page.keyboard.press('Escape');
  await expect(page.getByRole('tab', { name: 'All features' })).toBeVisible();
});

test('a link to a feature this dictionary does not have leads back', async ({ page }) => {
  await page.goto(`/#/features?f=99999&${TEXTS}`);
  await expect(
    page.getByRole('tab', { name: 'All features' }).or(page.getByText('has no feature 99999')).first(),
  ).toBeVisible({
    timeout: 60_000,
  });
});
