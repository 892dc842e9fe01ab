import { deflateRawSync } from 'node:zlib';
import { expect, test } from '@playwright/test';
import { exported, figure, numbersOf, open, prompt, ready, settled, tokens, type } from './support.ts';

test('a link opened in a fresh browser shows the same tokens, features and values', async ({
  page,
  browser,
}) => {
  await open(page);
  await type(page, 'When Mary and John got a lamp, Mary gave it to John. “Añejo”, said 🦊.');
  await tokens(page).nth(5).click();
  await tokens(page)
    .nth(8)
    .click({ modifiers: ['Shift'] });
  await page.getByLabel('Sort by').selectOption('mean');
  await page.getByRole('button', { name: 'Copy link' }).click();
  const link = page.url();
  expect(link).toContain('#/explore?v=1&c=');
  const [mine, shown] = [await exported(page, 'Features'), await tokens(page).allTextContents()];

  const context = await browser.newContext();
  const other = await context.newPage();
  await other.goto(link);
  await ready(other);
  expect(await tokens(other).allTextContents()).toEqual(shown);
  await expect(other.getByRole('button', { name: '4 tokens chosen: clear' })).toBeVisible();
  const theirs = await exported(other, 'Features');
  const [a, b] = [numbersOf(mine), numbersOf(theirs)];
  expect(b.map((row) => row[0])).toEqual(a.map((row) => row[0]));
  a.forEach((row, i) =>
    row.forEach((value, j) => expect(Math.abs(value - b[i]![j]!)).toBeLessThanOrEqual(1e-4)),
  );
  for (const name of ['L0', 'Explained variance', 'CE loss recovered', 'KL when spliced', 'Error share'])
    expect(await figure(other, name).textContent()).toBe(await figure(page, name).textContent());
  await expect(other.getByText(/numbers here differ/)).toHaveCount(0);
  await context.close();
});

test(
  'a long text travels packed, and an overlong one stays in its tab',
  { tag: '@long' },
  async ({ page }) => {
    await open(page);
    const long = 'The painters near the kings were ready. '.repeat(200);
    await type(page, long);
    await expect(page).toHaveURL(/&z=/);
    await page.reload();
    await ready(page);
    await expect(prompt(page)).toHaveValue(long);
    const noise = Array.from({ length: 30_000 }, (_, i) => ((i * 2_654_435_761) >>> 7).toString(36)).join(
      ' ',
    );
    await type(page, noise);
    await expect(page).toHaveURL(/&long=/);
    await page.reload();
    await ready(page);
    await expect(prompt(page)).toHaveValue(noise);
  },
);

test('a changed byte gives a clear page with what can be read of the link, and a way on', async ({
  page,
}) => {
  await open(page);
  await type(page, 'Tom gave the ball to Anna.');
  await expect(page).toHaveURL(/text=Tom/);
  const link = new URL(page.url());
  const requests: string[] = [];
  await page.goto('about:blank');
  page.on('request', (request) => requests.push(request.url()));
  await page.goto(link.href.replace('Anna', 'Anno'));
  await expect(page.getByRole('heading', { name: /incomplete or was changed/ })).toBeVisible();
  await expect(page.getByText('Tom gave the ball to Anno')).toBeVisible();
  // Nothing is fetched before the visitor chooses: no weights, no catalogue.
  expect(requests.filter((url) => /safetensors|catalogue/.test(url))).toEqual([]);
  await page.getByRole('button', { name: 'Open what can be read' }).click();
  await ready(page);
  await expect(prompt(page)).toHaveValue('Tom gave the ball to Anno.');
  await expect(page.getByText(/put together from a damaged link/)).toBeVisible();
});

const hostile: readonly (readonly [string, string])[] = [
  ['an unknown sort order', '#/explore?sort=up'],
  ['a script for a model', '#/explore?model=javascript:alert(1)'],
  ['a path that climbs', '#/explore?model=../../etc/passwd'],
  ['another site', '#/explore?model=https://evil.example/x'],
  ['a number too large', '#/explore?at=99999999999'],
  ['a link of the future', '#/explore?v=9&text=x'],
  ['no link at all', '#<script>alert(1)</script>'],
  ['a text that is not packed', `#/explore?z=${'A'.repeat(500)}`],
  [
    'a text of 40 MB packed into 40 kB',
    `#/explore?z=${deflateRawSync(Buffer.alloc(40_000_000)).toString('base64url')}`,
  ],
];
for (const [what, fragment] of hostile) {
  test(`a link with ${what} is refused in words`, async ({ page }) => {
    await page.goto(`/${fragment}`);
    await expect(page.getByRole('heading', { level: 1 })).toContainText(/incomplete or was changed/);
    await expect(
      page
        .getByRole('alert')
        .filter({ hasText: /link|address|prompt/i })
        .first(),
    ).toBeVisible();
  });
}

test('the usual view opens from a link that is none', async ({ page }) => {
  await page.goto('/#<script>alert(1)</script>');
  await page.getByRole('button', { name: 'Open the usual view' }).click();
  await ready(page);
  await expect(page).toHaveURL(/#\/explore\?v=1/);
});

test('a link that names no dictionary opens the first, whichever is open', async ({ page }) => {
  await open(page, '#/explore?dict=blocks.3.hook_resid_post&text=Tom');
  const chosen = page.getByLabel('Dictionary, by the hook it reads');
  await expect(chosen).toHaveValue('blocks.3.hook_resid_post');
  await page.evaluate(() => {
    location.hash = '#/explore?text=Tom+saw';
  });
  await expect(chosen).toHaveValue('blocks.2.hook_resid_pre');
  await expect(page.getByRole('region', { name: /How well the dictionary/ })).toContainText(
    'blocks.2.hook_resid_pre',
  );
});

test('a link to a model or view that is not here says so', async ({ page }) => {
  await page.goto('/#/explore?model=gpt-9');
  await expect(page.getByRole('heading', { level: 1 })).toContainText('not to be found', {
    timeout: 30_000,
  });
  await expect(page.getByText(/There is: storyworld-2m/)).toBeVisible();
  await page.goto('/#/nowhere?model=storyworld-2m');
  await page.reload();
  await expect(page.getByText('There is no view called “nowhere”')).toBeVisible({ timeout: 30_000 });
  await page.getByRole('button', { name: 'Open the usual view' }).click();
  await ready(page);
});

test('a feature the dictionary does not have is refused and the page goes on', async ({ page }) => {
  await open(page, '#/explore?f=999999');
  await expect(page.getByText(/There is no feature 999999/)).toBeVisible();
  await expect(page.getByRole('article', { name: /Feature/ })).toHaveCount(0);
});

test('back and forward walk through the features that were opened', async ({ page }) => {
  await open(page, '#/explore?f=5');
  await expect(page.getByRole('article', { name: 'Feature 5' })).toBeVisible();
  await page.locator('.feature-open').nth(2).click();
  await expect(page.getByRole('article', { name: 'Feature 5' })).toHaveCount(0);
  await page.goBack();
  await expect(page.getByRole('article', { name: 'Feature 5' })).toBeVisible();
  await settled(page);
});

test('numbers that differ from those of the link are pointed out', async ({ page }) => {
  await open(page, '#/explore?expect=3:7:123.5&text=Tom+gave+the+ball');
  await expect(page.getByText(/numbers here differ/)).toBeVisible();
});
