import { readFile } from 'node:fs/promises';
import { expect, type Page, test } from '@playwright/test';
import { figure, noSidewaysScroll, open, panel, tokens, violations } from './support.ts';

const TEXT = 'When Mary and John got a lamp at the station, Mary decided to give it to';
const steering = (steer: string): string =>
  `#/steering?frozen=0&steer=${encodeURIComponent(steer)}&text=${encodeURIComponent(TEXT)}`;

const slider = (page: Page) => page.getByRole('slider', { name: /^Strength of step 1/ });
const chances = async (page: Page, arm: string): Promise<string[]> => {
  const all = await panel(page, 'Next token').locator(`[data-arm="${arm}"]`).allTextContents();
  return all.map((text) => /[<\d].*$/.exec(text)![0]);
};

/** Until the numbers are those of the recipe as it stands. */
async function compared(page: Page): Promise<void> {
  await expect(panel(page, 'Next token')).toBeVisible({ timeout: 60_000 });
  await expect(page.locator('.next')).toHaveAttribute('aria-busy', 'false', { timeout: 60_000 });
}

test('a slider moves the next-token bars', async ({ page }) => {
  await open(page, `#/explore?f=1794&text=${encodeURIComponent(TEXT)}`);
  await page.getByRole('button', { name: 'Steer', exact: true }).click();
  // The card of the feature, where the focus goes.
  await expect(page.locator('.step-title:focus')).toContainText('Feature 1794');
  await compared(page);
  const first = await chances(page, 'steered');
  const base = await chances(page, 'base');
  expect(first).not.toEqual(base);

  // By keyboard: a step up, then back to nothing, where both sides are the same.
  await slider(page).focus();
  for (let i = 0; i < 20; i++) await page.keyboard.press('ArrowRight');
  await expect(page.getByRole('spinbutton', { name: /^Strength of step 1/ })).toHaveValue('2');
  await expect(async () => expect(await chances(page, 'steered')).not.toEqual(first)).toPass({
    timeout: 60_000,
  });
  await compared(page);
  await page.keyboard.press('Home');
  await expect(figure(page, 'kl here')).toHaveText('0.00 nats', { timeout: 60_000 });
  const rest = await chances(page, 'base');
  expect(rest).toEqual(base.slice(0, rest.length));
  expect(await chances(page, 'steered')).toEqual(rest);

  await page.setViewportSize({ width: 360, height: 740 });
  await noSidewaysScroll(page);

  // Each gesture is one step back; then the whole recipe is.
  await expect(async () => expect(page.url()).toContain('~0~')).toPass();
  await page.goBack();
  await expect(slider(page)).toHaveValue('2');
  await page.goBack();
  await expect(slider(page)).toHaveValue('1');
  await page.goBack();
  await expect(page.getByRole('heading', { name: 'Feature 1794' })).toBeVisible();
});

test('steps act on brushed tokens, in an order, and are saved, exported and imported', async ({ page }) => {
  await open(page, steering('ablate~h2.1~mean'));
  const steps = page.getByRole('list', { name: 'Steps, in the order they act' }).locator('.step');
  await page.getByLabel('Number of a feature, or a word of its label').fill('1794');
  await page.keyboard.press('Enter');
  await expect(steps).toHaveCount(2);
  await tokens(page).nth(3).click();
  await page.keyboard.press('Shift+ArrowRight');
  await page.getByRole('button', { name: /^Use the selected tokens 3–4 in step 2/ }).click();
  await expect(steps.nth(1)).toContainText('tokens 3–4');
  await page.getByRole('button', { name: /^Move up: step 2/ }).click();
  await expect(steps.first()).toContainText('Feature 1794');
  await expect(page.getByRole('button', { name: /^Move down: step 1/ })).toBeFocused();

  // Nothing before the first token that a step acts on moves.
  await steps.nth(1).getByRole('checkbox', { name: /^On/ }).uncheck();
  await compared(page);
  const kl = await tokens(page).evaluateAll((all) => all.map((token) => token.ariaLabel!));
  expect(kl[2]).toMatch(/KL 0\.00\snats/);
  expect(kl[3]).toContain('a step acts here');

  await page.getByText('Save, load and share').click();
  await page.getByRole('textbox', { name: 'Name of the recipe' }).fill('Two steps');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export file' }).click();
  const file = await (await download).path();
  const written = JSON.parse(await readFile(file, 'utf8')) as { format: string; steer: unknown[] };
  expect(written).toMatchObject({ format: 'facet-recipe', version: 1, model: 'storyworld-2m' });
  expect(written.steer).toHaveLength(2);
  await page.getByRole('button', { name: 'Remove all steps' }).click();
  await expect(steps).toHaveCount(0);
  await page.getByRole('button', { name: 'Two steps', exact: true }).click();
  await expect(steps).toHaveCount(2);
  await page.goBack();
  await expect(steps).toHaveCount(0);
  await page.getByLabel('Recipe file').setInputFiles({
    name: 'other.json',
    mimeType: 'application/json',
    buffer: Buffer.from(JSON.stringify({ ...written, modelDigest: '0'.repeat(16) })),
  });
  await expect(steps).toHaveCount(2);
  await expect(page.locator('.recipe-files')).toContainText('other weights');
  await page.getByLabel('Recipe file').setInputFiles({
    name: 'bad.json',
    mimeType: 'application/json',
    buffer: Buffer.from('{"format":"facet-recipe","version":1,"steer":[{"kind":"eval"}]}'),
  });
  await expect(page.getByRole('alert').filter({ hasText: 'wrong part' })).toBeVisible();
  await expect(steps).toHaveCount(2);
  expect(await violations(page, '.recipe')).toEqual([]);
});
