import { expect, type Locator, type Page, test } from '@playwright/test';
import { exported, figure, noSidewaysScroll, panel, stopScoring, violationsInBoth } from './support.ts';

const LAYER_2 = '#/heads?dict=blocks.2.attn.hook_z&l=2&part=features';
const TEXT = 'When+Mary+and+John+got+a+lamp,+Mary+gave+it+to+John.';

const cursor = (page: Page): Locator => page.locator('.matrix-cursor');
const crumbs = (page: Page): Locator => page.getByRole('navigation', { name: 'Trail' }).locator('.crumb');
const heading = (page: Page): Locator => page.locator('.bench-heading');

/** Waits until the bench shows the end of the trail, and what every step of it is worth. */
async function worked(page: Page): Promise<void> {
  await expect(page.locator('.bench-node')).toHaveAttribute('aria-busy', 'false', { timeout: 60_000 });
  for (const crumb of await crumbs(page).all())
    await expect(crumb).not.toContainText('…', { timeout: 60_000 });
}

/** Opens a head's feature that fires on the text. @returns nothing; the bench shows where it comes from */
async function openBench(page: Page, head: number): Promise<void> {
  await page.goto(`/${LAYER_2}&h=${head}&text=${TEXT}`);
  await stopScoring(page);
  const rows = page.locator('.portfolio-row');
  await expect(rows.first()).toBeVisible({ timeout: 60_000 });
  await page.getByLabel('by', { exact: true }).selectOption('here');
  await rows.first().focus();
  await page.keyboard.press('Enter');
  await expect(cursor(page)).toBeVisible({ timeout: 60_000 });
  await worked(page);
}

/** Rows of a panel's CSV, numbers in full. */
async function rowsOf(page: Page, name: string): Promise<string[][]> {
  const csv = await exported(page, name);
  return csv
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','));
}

const sumOf = (values: readonly (string | undefined)[]): number =>
  values.reduce((sum, value) => sum + Number(value), 0);
const read = async (locator: Locator): Promise<number> =>
  Number((await locator.innerText()).replace('−', '-').replace(/[^\d.e+-]/g, ''));

function expectClose(found: number, wanted: number): void {
  expect(Math.abs(found - wanted)).toBeLessThanOrEqual(1e-4 * Math.max(1, Math.abs(wanted)));
}

test.describe.configure({ timeout: 240_000 });

test('by keyboard alone: a feature, its heads and tokens, a step in, features upstream, and back', async ({
  page,
}) => {
  await openBench(page, 3);
  // What it is made of is there in three ways, each of which adds up to the same.
  const byHead = await rowsOf(page, 'By head');
  const value = sumOf(byHead.map((row) => row[1]));
  expectClose(sumOf((await rowsOf(page, 'By token read')).map((row) => row[2])), value);
  expectClose(sumOf((await rowsOf(page, 'Heads × tokens read')).flatMap((row) => row.slice(2))), value);
  const [before, constant] = [
    await read(figure(page, 'Pre-activation')),
    await read(figure(page, 'Constant')),
  ];
  expect(Math.abs(before - constant - value)).toBeLessThanOrEqual(0.02 * Math.max(1, Math.abs(value)));
  await expect(figure(page, 'sum')).toContainText('nothing is missing');

  // The cursor begins at the largest part; arrows walk, and the step is worth what the cell said.
  await cursor(page).focus();
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowRight');
  await expect(cursor(page)).toBeFocused();
  const said = await cursor(page).getAttribute('aria-label');
  const [, name, cell] = /^head (\S+) from .*: (\S+)\. Go in$/.exec(said!)!;
  await page.keyboard.press('Enter');
  await expect(crumbs(page)).toHaveCount(2, { timeout: 60_000 });
  await worked(page);
  await expect(heading(page)).toBeFocused();
  await expect(heading(page)).toContainText(`What head ${name} found`);
  await expect(crumbs(page).nth(1)).toContainText(cell!);
  const written = sumOf((await rowsOf(page, 'What wrote the residual stream here')).map((row) => row.at(-1)));
  const inCell = Number(cell!.replace('−', '-').replace('e−', 'e-'));
  expect(Math.abs(written - inCell)).toBeLessThanOrEqual(0.01 * Math.max(0.1, Math.abs(inCell)));

  // The same number by features of the layer before, and into the first of them.
  await page
    .getByRole('article')
    .getByLabel('Dictionary', { exact: true })
    .selectOption('blocks.1.attn.hook_z');
  const upstream = page.locator('.upstream-row');
  await expect(upstream.first()).toBeVisible({ timeout: 60_000 });
  await worked(page);
  expect(await violationsInBoth(page, '.head-part')).toEqual([]);
  const split = await rowsOf(page, 'By features upstream');
  expectClose(sumOf(split.map((row) => row.at(-1))), written);
  await upstream.first().focus();
  await page.keyboard.press('Enter');
  await expect(crumbs(page)).toHaveCount(3, { timeout: 60_000 });
  await worked(page);
  await expect(heading(page)).toContainText('of blocks.1.attn.hook_z');
  await expect(figure(page, 'sum')).toContainText('nothing is missing');
  await expect(figure(page, 'Activation')).not.toHaveText('0');

  await page.keyboard.press('Backspace');
  await expect(crumbs(page)).toHaveCount(2, { timeout: 60_000 });
  await worked(page);
  await expect(heading(page)).toContainText(`What head ${name} found`);
  await crumbs(page).first().focus();
  await page.keyboard.press('Enter');
  await expect(crumbs(page)).toHaveCount(1, { timeout: 60_000 });
  await worked(page);
  await page.goBack();
  await expect(crumbs(page)).toHaveCount(2, { timeout: 60_000 });
});

test(
  'a link to a step of a trail shows the same numbers elsewhere',
  { tag: '@long' },
  async ({ page, browser }) => {
    await openBench(page, 3);
    await cursor(page).focus();
    await page.keyboard.press('Enter');
    await expect(crumbs(page)).toHaveCount(2, { timeout: 60_000 });
    await worked(page);
    const numbers = async (where: Page): Promise<number[]> => {
      const parts = await rowsOf(where, 'What wrote the residual stream here');
      return parts.map((row) => Number(row.at(-1)));
    };
    const [mine, trail] = [await numbers(page), await crumbs(page).allInnerTexts()];
    await page.getByRole('button', { name: 'Copy link' }).click();
    expect(page.url()).toMatch(/&trail=h2\.\d@\d+/);

    const context = await browser.newContext();
    const other = await context.newPage();
    await other.goto(page.url());
    await stopScoring(other);
    await expect(crumbs(other)).toHaveCount(2, { timeout: 60_000 });
    await worked(other);
    expect(await crumbs(other).allInnerTexts()).toEqual(trail);
    const theirs = await numbers(other);
    expect(theirs).toHaveLength(mine.length);
    mine.forEach((part, i) => expectClose(theirs[i]!, part));
    await context.close();
  },
);

test('a feature’s panel says which heads and tokens bring it, and leads to the bench', async ({ page }) => {
  await page.goto(`/#/explore?dict=blocks.2.attn.hook_z&text=${TEXT}`);
  await page.locator('.feature-open').first().click({ timeout: 60_000 });
  await expect(panel(page, 'By head')).toContainText('W_dec', { timeout: 60_000 });
  const value = sumOf((await rowsOf(page, 'By head')).map((row) => row[1]));
  await page.getByRole('button', { name: /^Follow it in head 2\.\d$/ }).click();
  await expect(cursor(page)).toBeVisible({ timeout: 60_000 });
  await worked(page);
  expectClose(sumOf((await rowsOf(page, 'By head')).map((row) => row[1])), value);
  for (const width of [360, 1280]) {
    await page.setViewportSize({ width, height: 900 });
    await noSidewaysScroll(page);
  }
});
