import { expect, type Page, test } from '@playwright/test';
import { exported, figure, panel, violationsInBoth } from './support.ts';

const TABLE = 'Labels and the latents that tell them';

async function show(page: Page): Promise<void> {
  await page.goto('/#/features?tab=labels&text=The+old+house+stood+near+the+river.');
  await expect(panel(page, TABLE)).toBeVisible({ timeout: 60_000 });
  await page.getByLabel('Items to choose on, and as many to measure on').selectOption('100');
}

test('labels are measured on two samples, counted, filtered, and lead to their latent', async ({ page }) => {
  test.setTimeout(240_000);
  await show(page);
  await page.getByRole('button', { name: 'Measure this dictionary', exact: true }).focus();
  await page.keyboard.press('Enter');
  await expect(figure(page, 'labels told')).toContainText(/\s%\.$/, { timeout: 150_000 });
  await expect(figure(page, 'labels sample')).toContainText(/chosen on 100 items .* measured on 100 items/);

  // What the sentence counts is what the table holds.
  const csv = (await exported(page, TABLE)).trim().split('\n');
  const scores = csv.slice(1).map((line) => Number(/([\d.e-]+),[\d.e-]+$/.exec(line)![1]));
  expect(csv[0]).toMatch(/F1,F1 where it was chosen$/);
  const told = scores.filter((f1) => f1 >= 0.8).length;
  await expect(figure(page, 'labels told')).toContainText(`${told} of ${scores.length} labels`);
  expect(told).toBeGreaterThan(3);

  await page.getByRole('searchbox', { name: 'Filter' }).fill('register=');
  const rows = page.getByRole('list', { name: 'labels', exact: true }).getByRole('listitem');
  await expect(panel(page, TABLE).getByRole('status').last()).toContainText(/^\d+ of \d+ labels$/);
  await expect(rows.first()).toContainText('register=');
  expect(await violationsInBoth(page)).toEqual([]);

  const link = rows.first().getByRole('button', { name: /^Open feature \d+ of .*, which tells register=/ });
  const feature = /feature (\d+)/.exec((await link.getAttribute('aria-label'))!)![1]!;
  await link.focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: `Feature ${feature}` })).toBeVisible();
});

test('measuring stops at once, and what it had stays', async ({ page }) => {
  await show(page);
  await page.getByLabel('Items to choose on, and as many to measure on').selectOption('4000');
  await page.getByRole('button', { name: 'Measure this dictionary', exact: true }).click();
  await expect(panel(page, TABLE).getByRole('progressbar')).toBeVisible();
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect(panel(page, TABLE).getByRole('progressbar')).toBeHidden();
  await expect(page.getByRole('button', { name: /^Measure this dictionary/ })).toBeFocused();
});
