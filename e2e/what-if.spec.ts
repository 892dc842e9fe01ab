import { expect, type Locator, type Page, test } from '@playwright/test';
import { exported, figure, numbersOf, panel, stopScoring, violationsInBoth } from './support.ts';

const PLACE = '#/heads?l=1&h=3';

/** The list of heads under a pattern. */
const entries = (page: Page): Locator =>
  page.getByRole('list', { name: 'Heads under a pattern' }).getByRole('listitem');

/** Figures are those of what is set. */
async function computed(page: Page): Promise<void> {
  await expect(figure(page, 'Rise of the loss')).toBeVisible({ timeout: 60_000 });
  await expect(page.locator('.sparse-result')).toHaveAttribute('aria-busy', 'false', { timeout: 60_000 });
}

test('a head is put under a pattern by keyboard, and its link shows the same elsewhere', async ({
  page,
  context,
}) => {
  await page.goto(`/${PLACE}&part=sparse`);
  await stopScoring(page);
  const add = page.getByRole('button', { name: 'head 1.3', exact: true });
  await expect(add).toBeEnabled({ timeout: 60_000 });
  await add.focus();
  await page.keyboard.press('Enter');
  const pattern = page.getByLabel('Pattern of entry 1, head 1.3');
  await expect(pattern).toBeFocused();
  await computed(page);
  // By name, as a menu is walked.
  await page.keyboard.type('Strided');
  await expect(pattern).toHaveValue('strided');
  const budget = page.getByRole('slider', { name: 'Budget of entry 1, head 1.3' });
  await budget.focus();
  await page.keyboard.press('Home');
  for (let step = 0; step < 30; step++) await page.keyboard.press('ArrowRight');
  await expect(budget).toHaveValue('30');
  await computed(page);
  const losses = async (of: Page): Promise<number[][]> => numbersOf(await exported(of, 'What is lost'));
  const here = await losses(page);
  expect(here.length).toBeGreaterThan(6);
  expect(await violationsInBoth(page, '.head-part')).toEqual([]);

  // The mask is walked with the arrows, and says what is under the cursor.
  await page.getByRole('application', { name: /Mask of head 1\.3/ }).focus();
  await page.keyboard.press('Home');
  await expect(figure(page, 'pair')).toHaveText(/^A 0\.\d+, (kept|left out)$/);

  // Switched off, everything attends as it was trained.
  const on = page.getByRole('checkbox', { name: 'On: entry 1, head 1.3' });
  await on.focus();
  await page.keyboard.press('Space');
  await expect(figure(page, 'Rise of the loss')).toHaveCount(0);
  await page.keyboard.press('Space');
  await computed(page);

  await expect.poll(() => page.url()).toContain('sparse=1:3:strided:0.3');
  const elsewhere = await context.newPage();
  await elsewhere.goto(page.url());
  await stopScoring(elsewhere);
  await computed(elsewhere);
  await expect(entries(elsewhere)).toHaveCount(1);
  expect(await losses(elsewhere)).toEqual(here);
});

test('roles of a layer appear while it is measured, and it can be stopped', async ({ page }) => {
  test.slow();
  await page.goto(`/${PLACE}&part=roles`);
  await stopScoring(page);
  const summary = panel(page, 'What head 1.3 does');
  await expect(summary.getByRole('progressbar')).toBeVisible({ timeout: 60_000 });
  // Roles are told before they are ablated.
  await expect(page.getByRole('list', { name: 'Roles' }).getByRole('article').first()).toBeVisible({
    timeout: 200_000,
  });
  await expect(figure(page, 'Unexplained')).toHaveText(/%/);
  await summary.getByRole('button', { name: 'Stop' }).click();
  await expect(summary.getByRole('progressbar')).toHaveCount(0);
  await expect(summary.getByRole('button', { name: 'Measure layer 1' })).toBeFocused();
  expect(await violationsInBoth(page, '.head-part')).toEqual([]);
  // Parts without a title have an empty cell before their share.
  const parts = numbersOf(await exported(page, 'What head 1.3 does'));
  const shares = parts.map((row) => row.find((number) => number !== 0) ?? 0);
  expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 3);
});
