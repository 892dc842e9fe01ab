import { expect, type Locator, type Page, test } from '@playwright/test';
import {
  exported,
  features,
  figure,
  noSidewaysScroll,
  numbersOf,
  open,
  panel,
  pressAtOnce,
  tokens,
  violationsInBoth,
} from './support.ts';

/** A short text and short texts after it. */
const SHORT = 'n=12&text=When+Mary+and+John+got+a+lamp,+Mary+gave+it+to+John.';
/** With a step, so that the view generates as soon as it opens. */
const STEERED = `#/steering?${SHORT}&steer=add~f7@blocks.2.hook_resid_pre~3~4~~generated`;

const said = (page: Page, arm: 'base' | 'steered' | 'frozen'): Locator =>
  page.locator(`[data-text="${arm}"]`);
const seed = (page: Page): Locator => page.getByRole('spinbutton', { name: 'Seed' });

/** Until every text is that of what is set. */
async function written(page: Page): Promise<void> {
  await expect(page.getByText(/^Texts are ready/)).toBeAttached({ timeout: 90_000 });
  await expect(page.locator('.text-column.is-stale')).toHaveCount(0);
}

test('a feature is picked and steered with; its link says the same text elsewhere', async ({
  page,
  browser,
}) => {
  test.slow();
  await open(page, `#/explore?${SHORT}&seed=5`);
  await tokens(page).nth(5).click();
  await features(page).first().click();
  const feature = page.getByRole('article', { name: /^Feature/ });
  const name = (await feature.getByRole('heading', { level: 2 }).first().textContent())!;
  await feature.getByRole('button', { name: 'Steer', exact: true }).click();
  await written(page);
  const before = await said(page, 'base').textContent();
  const strength = page.getByRole('spinbutton', {
    name: new RegExp(`^Strength of .*${name}.*, as a number$`, 'i'),
  });
  await strength.fill('6');
  await written(page);
  await expect(figure(page, 'parting')).toHaveText(/steered differs from token \d+/);
  expect(await said(page, 'base').textContent()).toBe(before);
  const texts = async (of: Page): Promise<(string | null)[]> =>
    Promise.all((['base', 'steered', 'frozen'] as const).map((arm) => said(of, arm).textContent()));
  const mine = await texts(page);
  expect(mine[1]).not.toBe(mine[0]);
  const losses = numbersOf(await exported(page, 'Texts'));
  expect(losses.length).toBeGreaterThan(30);
  await page.getByRole('button', { name: 'Copy link' }).click();
  const link = page.url();

  const context = await browser.newContext();
  const other = await context.newPage();
  await other.goto(link);
  await written(other);
  await expect(seed(other)).toHaveValue('5');
  expect(await texts(other)).toEqual(mine);
  numbersOf(await exported(other, 'Texts')).forEach((row, i) =>
    row.forEach((value, j) => expect(Math.abs(value - losses[i]![j]!)).toBeLessThanOrEqual(1e-4)),
  );
  await context.close();
});

test('texts are walked by keyboard, continued, stopped and generated anew', async ({ page }) => {
  test.slow();
  await page.goto(`/${STEERED}`);
  await written(page);
  const list = page.getByRole('listbox', { name: 'Steered, token by token' });
  await expect(list.getByRole('option')).toHaveCount(12);
  await list.getByRole('option').first().focus();
  await page.keyboard.press('ArrowRight');
  await expect(list.getByRole('option').nth(1)).toBeFocused();
  await expect(list.getByRole('option').nth(1)).toHaveAccessibleName(
    /^2: .*probability .*loss under the base/,
  );
  const beginning = (await said(page, 'steered').textContent())!;
  await pressAtOnce(panel(page, 'Texts'), 'Stop');
  await page.getByRole('button', { name: /^Continue/ }).click();
  const goOn = panel(page, 'Texts').getByRole('button', { name: 'Go on' });
  await expect(goOn).toBeFocused();
  await goOn.click();
  await written(page);
  // Unless it ends by itself.
  expect(await list.getByRole('option').count()).toBeGreaterThan(12);
  expect(await said(page, 'steered').textContent()).toContain(beginning);
  await page.getByRole('button', { name: 'Regenerate, next seed' }).click();
  await expect(seed(page)).toHaveValue('2');
  await written(page);
  expect(await said(page, 'steered').textContent()).not.toContain(beginning);
});

test('strengths are swept, and a point sets the step; axe finds nothing, and nothing is cut off', async ({
  page,
}) => {
  test.slow();
  await page.goto(`/${STEERED}`);
  await written(page);
  const sweep = panel(page, 'Strength sweep');
  for (const [name, value] of [
    ['From', '0'],
    ['To', '2'],
    ['Strengths', '2'],
    ['Beginnings', '1'],
    ['Texts of each', '1'],
    ['Tokens of a text', '6'],
  ] as const)
    await sweep.getByRole('spinbutton', { name, exact: true }).fill(value);
  await sweep.getByRole('button', { name: 'Sweep', exact: true }).click();
  await expect(sweep.getByRole('button', { name: 'Sweep again' })).toBeVisible({ timeout: 90_000 });
  // At 0 nothing is steered.
  const [unsteered, none] = numbersOf(await exported(page, 'Strength sweep'));
  expect(none![3]).toBeCloseTo(unsteered![2]!, 4);
  await sweep.getByRole('button', { name: 'Set the step to 2.00' }).click();
  await expect.poll(() => page.url()).toContain('~2~4~');
  await written(page);
  await expect(panel(page, 'Layer by layer').getByRole('row')).toHaveCount(11, { timeout: 60_000 });
  expect(await violationsInBoth(page, '.steering')).toEqual([]);
  for (const width of [360, 768, 1280, 2560]) {
    await page.setViewportSize({ width, height: 900 });
    await noSidewaysScroll(page);
  }
});
