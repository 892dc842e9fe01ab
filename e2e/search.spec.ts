import { expect, type Locator, type Page, test } from '@playwright/test';
import { exported, noSidewaysScroll, numbersOf, panel, violationsInBoth } from './support.ts';

const PROMPT = 'text=When+Mary+and+John+got+a+lamp,+Mary+gave+it+to+John.';
/** So few texts that they are read in a moment. */
const OVER = 'over=storyworld-1-12';

/** Opens a part of the Features view from its link. */
async function show(page: Page, fragment: string): Promise<void> {
  await page.goto(`/#/features?${fragment}&${PROMPT}`);
  await expect(page.getByRole('tablist', { name: 'Ways to find features' })).toBeVisible({ timeout: 60_000 });
}

/** Reads the view's texts, all of them. */
async function readTexts(page: Page): Promise<void> {
  const source = page.getByRole('region', { name: 'What this page rests on' });
  await source.getByRole('button', { name: /^Read (these texts|on)$/ }).click();
  await expect(source.getByText('complete')).toBeVisible({ timeout: 90_000 });
}

const rows = (page: Page, list: string): Locator =>
  page.getByRole('list', { name: list, exact: true }).getByRole('listitem');
const numberIn = async (row: Locator): Promise<number> =>
  Number(await row.locator('[data-feature]').getAttribute('data-feature'));

test('all features: figures once texts are read, filters, keys, and the page of one', async ({ page }) => {
  await show(page, OVER);
  const status = panel(page, 'All features').locator('p[role=status]');
  await expect(status).toContainText('2,048 of 2,048 features');
  await readTexts(page);
  await expect(status).toContainText(/over \d+ tokens; [\d,]+ never fired/);

  // By rate, by keyboard: the most frequent first.
  await page.getByRole('button', { name: 'Rate', exact: true }).focus();
  await page.keyboard.press('Enter');
  await expect(rows(page, 'features').first()).toContainText(/Rate (100|[1-9]\d\.\d)/);
  await page.getByLabel('Rate from, %').fill('5');
  await page.getByLabel('Rate to, %').fill('20');
  await expect(status).not.toContainText('2,048 of');
  // Tokens may hold line breaks: a row begins with four numbers.
  const csv = [...(await exported(page, 'All features')).matchAll(/^\d+,([\d.e-]+),[\d.e-]+,[\d.e-]+,/gm)];
  expect(csv.length).toBeGreaterThan(3);
  for (const [, rate] of csv) expect(Number(rate) >= 0.05 && Number(rate) <= 0.2, rate).toBe(true);
  await expect(page).toHaveURL(/rare=0\.05&dense=0\.2/);
  await page.getByRole('button', { name: 'Clear', exact: true }).click();
  await page.getByLabel('only those that never fired').check();
  await expect(rows(page, 'features').first()).toContainText('Rate 0');
  await page.getByRole('button', { name: 'Clear', exact: true }).click();

  // Words are of every feature, whether or not it was in sight.
  await page.getByLabel('Words or number').fill(' house');
  await expect(rows(page, 'features').first()).toContainText('house', { timeout: 60_000 });
  await expect(panel(page, 'All features').getByRole('progressbar')).toBeHidden({ timeout: 60_000 });
  await expect(status).toContainText(/^([2-9]|\d\d) of 2,048/);

  await rows(page, 'features').first().locator('[data-feature]').focus();
  await page.keyboard.press('ArrowDown');
  const second = rows(page, 'features').nth(1);
  await expect(second.locator('[data-feature]')).toBeFocused();
  await page.keyboard.press('p');
  const feature = await numberIn(second);
  await expect(page).toHaveURL(new RegExp(`pins=${feature}(&|$)`));
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: `Feature ${feature}` })).toBeVisible();
});

test('by text: a link ranks features by contrast, and the one looked at tints both texts', async ({
  page,
}) => {
  const text = 'find=Mary+gave+John+a+lamp.&against=The+old+house+stood+near+the+river.';
  await show(page, `tab=search&rank=contrast&${text}`);
  const list = rows(page, 'found features');
  await expect(list.first()).toContainText(/Score \+\d/, { timeout: 60_000 });
  const found = await exported(page, 'Features of a text');
  const scores = numbersOf(found).map((row) => row[1]!);
  expect(scores).toEqual(scores.toSorted((a, b) => b - a));

  await list.nth(2).locator('[data-feature]').focus();
  const feature = await numberIn(list.nth(2));
  await expect(page.locator(`[data-tinted="${feature}"]`)).toBeVisible();
  const tinted = page.getByRole('group', { name: `The text, tinted by feature ${feature}` });
  await expect(tinted).toContainText('Mary gave John a lamp.');
  expect(await tinted.getByRole('button').count()).toBeGreaterThan(0);

  // By keyboard: another rank, another text.
  await page.getByLabel('Rank by').focus();
  await page.keyboard.type('largest');
  await page
    .getByRole('textbox', { name: 'Text', exact: true })
    .fill('seven coat circle ; seven coat circle');
  await expect(async () => {
    const [, first = []] = (await exported(page, 'Features of a text'))
      .split('\n')
      .map((line) => line.split(','));
    expect(first[1]).toBe(first[3]);
  }).toPass({ timeout: 30_000 });
  await page.getByLabel('Rank by').selectOption('specificity');
  await expect(page.getByText('read the corpus first')).toBeVisible();
});

test('by token: what raises and lowers it, as on the page of the feature; several tokens offer one', async ({
  page,
}) => {
  await show(page, 'tab=search&by=token&find=+house');
  const up = page.getByRole('list', { name: 'features that raise it' }).getByRole('listitem');
  await expect(up.first()).toContainText(/Logit per unit \+0\.\d/, { timeout: 60_000 });
  await expect(
    page.getByRole('list', { name: 'features that lower it' }).getByRole('listitem').first(),
  ).toContainText('−0.');
  const csv = (await exported(page, 'Features of a next token')).split('\n').map((line) => line.split(','));
  const best = csv[1]!;
  await up.first().locator('[data-feature]').click();
  await expect(page.getByRole('heading', { name: `Feature ${best[3]}` })).toBeVisible();
  await page.goBack();

  await page.getByLabel(/^Token, with the space/).fill('bighouse');
  const choices = page.getByRole('group', { name: 'Tokens it may be about' });
  await expect(choices).toContainText('several tokens of the model');
  await choices.getByRole('button').last().focus();
  await page.keyboard.press('Enter');
  await expect(up.first()).toContainText(/Logit per unit/);
  await expect(page).toHaveURL(/find=\+big/);
});

test('by words: from a link, over all features', async ({ page }) => {
  await show(page, 'tab=search&by=label&find=+garden');
  const list = rows(page, 'features by words');
  await expect(list.first()).toContainText('Found in promoted', { timeout: 60_000 });
  await expect(panel(page, 'Features by words').getByRole('progressbar')).toBeHidden({ timeout: 60_000 });
  const found = await exported(page, 'Features by words');
  for (const line of found.trim().split('\n').slice(1)) expect(line).toContain(' garden');
});

test(
  'firing together: features by number, tokens of the sample, tints',
  { tag: '@long' },
  async ({ page }) => {
    await show(page, `tab=search&by=together&with=578&${OVER}`);
    await readTexts(page);
    const examples = page.getByRole('list', { name: 'Examples' }).getByRole('listitem');
    await expect(examples.first()).toBeVisible({ timeout: 60_000 });
    await expect(panel(page, 'Features that fire together')).toContainText(/\d+ of \d+ sampled tokens/);
    const before = await examples.count();
    const first = (await exported(page, 'Features that fire together')).split('\n');
    expect(first[0]).toContain('feature 578');

    // By keyboard: one that must not fire.
    const not = page.getByRole('form', { name: 'None of these fires' });
    await not.getByLabel('Number').fill('578');
    await page.keyboard.press('Enter');
    await expect(examples).toHaveCount(0);
    await not.getByRole('button', { name: 'Take out feature 578' }).click();
    await expect(examples).toHaveCount(before);
    await page.getByLabel('Where', { exact: true }).selectOption('text');
    await expect(panel(page, 'Features that fire together')).toContainText(/\d+ of 12 texts/);
    await expect(page).toHaveURL(/in=text/);
  },
);

test('two texts: the features that differ most, from a link', async ({ page }) => {
  await show(page, 'tab=compare&against=The+old+house+stood+near+the+river.');
  const list = rows(page, 'features of both texts');
  await expect(list.first()).toContainText(/\|Difference\| [+−]/, { timeout: 60_000 });
  const differences = numbersOf(await exported(page, 'Features of two texts'));
  for (const [, left, right, difference] of differences) expect(difference).toBeCloseTo(left! - right!, 5);
  const feature = await numberIn(list.first());
  const most = differences.toSorted((a, b) => Math.abs(b[3]!) - Math.abs(a[3]!))[0]!;
  expect(feature).toBe(most[0]);
});

test(
  'two corpora: read when asked, ordered by how sure the difference is',
  { tag: '@long' },
  async ({ page }) => {
    await show(page, `tab=compare&cmp=corpora&versus=storyworld-2-8&${OVER}`);
    await readTexts(page);
    await page.getByRole('button', { name: 'Read them now' }).click();
    const list = rows(page, 'features of both corpora');
    await expect(list.first()).toContainText(/\|z\| [−\d]/, { timeout: 90_000 });
    const scores = numbersOf(await exported(page, 'Features of two corpora'));
    expect(scores).toHaveLength(2048);
    const feature = await numberIn(list.first());
    const most = Math.max(...scores.map((row) => Math.abs(row[4]!)));
    expect(Math.abs(scores.find(([index]) => index === feature)![4]!)).toBe(most);
  },
);

test('two dictionaries: matches, shares and the histogram; one of another space is refused by name', async ({
  page,
}) => {
  await show(page, `tab=compare&cmp=dictionaries&other=blocks.3.hook_resid_post&${OVER}`);
  const title = 'Latents of two dictionaries';
  await expect(page.getByRole('img', { name: /^Latents by best cosine/ })).toBeVisible({ timeout: 90_000 });
  await expect(panel(page, title)).toContainText(/Cosine ≥ 0.7/);
  const matches = numbersOf(await exported(page, title));
  expect(matches).toHaveLength(2048);
  expect(matches.filter(([, , cosine]) => cosine! > 0.7)).toHaveLength(14);
  await page.getByLabel('Compare with').selectOption('blocks.1.attn.hook_z');
  await expect(panel(page, title).getByRole('alert')).toContainText('not in one space', { timeout: 60_000 });
});

test(
  'lists, searches and comparisons pass axe, in the light and in the dark',
  { tag: '@long' },
  async ({ page }) => {
    test.setTimeout(240_000);
    for (const [fragment, list] of [
      [OVER, 'features'],
      ['tab=search&find=Mary&rank=contrast&against=John', 'found features'],
      ['tab=search&by=token&find=+house', 'features that raise it'],
      ['tab=compare&cmp=dictionaries&other=blocks.3.hook_resid_post', 'latents and their matches'],
    ] as const) {
      await show(page, fragment);
      await expect(rows(page, list).first()).toBeVisible({ timeout: 60_000 });
      expect(await violationsInBoth(page, '.features')).toEqual([]);
    }
  },
);

test('on a phone nothing scrolls sideways', { tag: '@long' }, async ({ page }) => {
  test.setTimeout(240_000);
  await page.setViewportSize({ width: 360, height: 780 });
  for (const fragment of [
    OVER,
    'tab=search&find=Mary&rank=contrast&against=John',
    'tab=search&by=token&find=+house',
    'tab=search&by=label&find=+garden',
    'tab=search&by=together&with=578',
    'tab=compare&against=The+old+house',
    'tab=compare&cmp=dictionaries&other=blocks.3.hook_resid_post',
  ]) {
    await show(page, fragment);
    await expect(page.getByRole('tabpanel').locator('.panel').last()).toBeVisible();
    await noSidewaysScroll(page);
  }
});
