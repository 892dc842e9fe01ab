import { expect, test } from '@playwright/test';
import {
  askedOfEngine,
  exported,
  features,
  figure,
  numbersOf,
  open,
  panel,
  pressAtOnce,
  prompt,
  recordCalls,
  settled,
  tokens,
  type,
} from './support.ts';

test(
  'a stranger opens the page and sees features on every token of a sample text',
  { tag: '@webgpu' },
  async ({ page }) => {
    await open(page);
    await expect(prompt(page)).not.toHaveValue('');
    expect(await tokens(page).count()).toBeGreaterThan(20);
    // The beginning and every token name the feature behind their tint.
    for (const label of await tokens(page).evaluateAll((all) => all.map((token) => token.ariaLabel)))
      expect(label).toMatch(/feature \d+, /);
    for (const name of ['L0', 'Explained variance', 'CE loss recovered', 'KL when spliced', 'Error share'])
      await expect(figure(page, name)).toHaveText(/^\d/);
    await expect(figure(page, 'L0')).toContainText('24.0');
  },
);

test('typing shows the model’s own tokens, whitespace and split characters made visible', async ({
  page,
}) => {
  await open(page);
  await type(page, 'Tom saw\n\ta 🦊.');
  await expect(page.locator('.prompt-meta')).toContainText('characters');
  const shown = await tokens(page).locator('.token-text').allTextContents();
  expect(shown[0]).toBe('<|endoftext|>');
  expect(shown.join('').replace('<|endoftext|>', '')).toMatch(/^Tom·saw↵⇥a·?(\\x[0-9A-F]{2})/);
  const parts = page.locator('.token.is-part');
  expect(await parts.count()).toBeGreaterThan(1);
  await expect(parts.first()).toHaveAttribute('aria-label', /part 1 of \d/);
});

test('the boxes behind the text stand under its words, whatever the width', async ({ page }) => {
  await open(page);
  await type(page, 'In a tiny house near the library lived a boy named Max. '.repeat(30));
  for (const width of [1600, 1280, 390]) {
    await page.setViewportSize({ width, height: 800 });
    await expect(async () => {
      const [text, boxes] = await page.evaluate(() =>
        ['textarea.prompt', '.prompt-mirror'].map((part) => document.querySelector(part)!.scrollHeight),
      );
      expect(Math.abs(text! - boxes!)).toBeLessThanOrEqual(2);
    }).toPass({ timeout: 5_000 });
  }
  await expect(page.locator('.prompt-mirror .even').nth(1)).toHaveText(' tiny');
});

test('click a token, then a feature: what it does, here and on a sample', async ({ page }) => {
  await open(page);
  await tokens(page).nth(7).click();
  await expect(tokens(page).nth(7)).toHaveAttribute('aria-selected', 'true');
  await expect(panel(page, 'Features')).toContainText('24 features');
  const values = (await features(page).locator('.feature-value').allTextContents()).map((text) =>
    Number(text.replace(/^\D+/, '')),
  );
  expect(values.length).toBeGreaterThan(5);
  expect(values).toEqual(values.toSorted((a, b) => b - a));
  // The sample starts by itself, shows what it has, and can be stopped with that kept.
  await pressAtOnce(page.locator('body'), 'Stop', { selector: '[data-figure="firing rate"]', text: '%' });
  await features(page).nth(1).click();
  await expect(page.getByRole('article', { name: /Feature \d+/ })).toBeVisible();
  const effects = panel(page, 'Next tokens it promotes and suppresses');
  await expect(effects.getByRole('list', { name: 'Promoted next tokens' }).getByRole('listitem')).toHaveCount(
    10,
  );
  await expect(panel(page, 'Nearest features').getByRole('listitem')).toHaveCount(10);
  await expect(figure(page, 'firing rate')).toContainText('%', { timeout: 60_000 });
  await expect(page.getByRole('button', { name: 'Stop' })).toBeHidden();
  await expect(figure(page, 'firing rate')).toContainText('%');
  await expect(page.getByRole('img', { name: /^Histogram of feature/ })).toBeVisible();
  await expect(
    page.getByRole('list', { name: 'Texts with the largest values' }).locator('li').first(),
  ).toBeVisible();
  await expect(page.getByRole('slider', { name: 'Least share of tokens' })).toBeVisible();
});

test('the whole way by keyboard', { tag: '@webgpu' }, async ({ page }) => {
  await open(page);
  await tokens(page).nth(1).focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await expect(tokens(page).nth(2)).toBeFocused();
  await expect(tokens(page).nth(2)).toHaveAttribute('aria-selected', 'true');
  await page.keyboard.press('Shift+ArrowRight');
  await page.keyboard.press('Shift+ArrowRight');
  await expect(tokens(page).locator('xpath=self::*[@aria-selected="true"]')).toHaveCount(3);
  await expect(page.getByRole('button', { name: '3 tokens chosen: clear' })).toBeVisible();
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('article', { name: /Feature \d+/ })).toBeVisible();
  await features(page).first().focus();
  await page.keyboard.press('ArrowDown');
  await expect(features(page).nth(1)).toBeFocused();
  const feature = await features(page).nth(1).getAttribute('data-feature');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('article', { name: `Feature ${feature}` })).toBeVisible();
  await page.keyboard.press('p');
  await expect(panel(page, 'Pinned features')).toContainText(`#${feature}`);
  await tokens(page).nth(3).focus();
  await page.keyboard.press('Escape');
  await expect(page.locator('.token[aria-selected="true"]')).toHaveCount(0);
});

test('brushing, sorting and filtering rearrange the list without reading again', async ({ page }) => {
  await recordCalls(page);
  await open(page);
  const before = await exported(page, 'Features');
  const asked = await askedOfEngine(page);
  await tokens(page).nth(3).hover();
  await page.mouse.down();
  await tokens(page).nth(6).hover();
  await page.mouse.up();
  await expect(page.getByRole('button', { name: '4 tokens chosen: clear' })).toBeVisible();
  await page.getByLabel('Sort by').selectOption('contrast');
  const rows = numbersOf(await exported(page, 'Features'));
  const contrasts = rows.map((row) => row[5]!);
  expect(contrasts).toEqual(contrasts.toSorted((a, b) => b - a));
  await page.getByLabel('Largest value at least').fill('3');
  const strong = numbersOf(await exported(page, 'Features'));
  expect(strong.length).toBeLessThan(rows.length);
  expect(Math.min(...strong.map((row) => row[4]!))).toBeGreaterThanOrEqual(3);
  await page.getByLabel('Largest value at least').fill('0');
  await page.getByLabel('Sort by').selectOption('value');
  await page.getByRole('button', { name: '4 tokens chosen: clear' }).click();
  expect(await exported(page, 'Features')).toBe(before);
  // Labels of features that came into view may be asked for; a reading may not.
  expect((await askedOfEngine(page)).filter((call) => call === 'analyze')).toEqual(
    asked.filter((call) => call === 'analyze'),
  );
  await type(page, 'Tom');
  expect((await askedOfEngine(page)).length).toBeGreaterThan(asked.length);
});

test('the prediction follows the chosen token and names what really came', async ({ page }) => {
  await open(page);
  await type(page, 'Once upon a time, there was a boy named Adam.');
  await tokens(page).filter({ hasText: '·upon' }).click();
  const next = panel(page, 'Next token');
  await expect(next).toContainText('in the text: “·a”');
  await expect(next.getByRole('listitem').first()).toContainText('in the text');
  const probabilities = numbersOf(await exported(page, 'Next token')).map((row) => row.at(-1)!);
  expect(probabilities).toHaveLength(12);
  expect(probabilities).toEqual(probabilities.toSorted((a, b) => b - a));
  expect(probabilities[0]).toBeGreaterThan(0.9);
});

test('the newest text wins over those typed before it', async ({ page }) => {
  await open(page);
  await prompt(page).fill('');
  await prompt(page).pressSequentially(' red lamp seven', { delay: 5 });
  await settled(page);
  await expect(tokens(page)).toHaveText([/endoftext/, /·red/, /·lamp/, /·seven/]);
});

test('another dictionary gives other features of the same text', { tag: '@webgpu' }, async ({ page }) => {
  await open(page);
  const before = await exported(page, 'Features');
  await page.getByLabel('Dictionary, by the hook it reads').selectOption('blocks.3.hook_resid_post');
  await expect(page.getByRole('region', { name: /How well the dictionary/ })).toContainText(
    'blocks.3.hook_resid_post',
  );
  await settled(page);
  expect(await exported(page, 'Features')).not.toBe(before);
  await page.goBack();
  await expect(page.getByLabel('Dictionary, by the hook it reads')).toHaveValue('blocks.2.hook_resid_pre');
  await settled(page);
  await expect(async () => expect(await exported(page, 'Features')).toBe(before)).toPass();
});

test('figures are exported as pictures with their title and where the numbers come from', async ({
  page,
}) => {
  await open(page);
  for (const name of ['Loss', 'Tokens', 'Next token']) {
    await page.getByRole('button', { name: `Export ${name}`, exact: true }).click();
    const download = page.waitForEvent('download');
    await page.getByRole('menuitem', { name: 'SVG' }).click();
    const svg = await (await import('node:fs/promises')).readFile(await (await download).path(), 'utf8');
    expect(svg).toContain(`>${name}</text>`);
    expect(svg).toMatch(/storyworld-2m \([0-9a-f]{8}\)/);
    expect(svg).not.toContain('var(--');
    expect(svg.match(/<rect/g)!.length).toBeGreaterThan(10);
  }
  await page.getByRole('button', { name: 'Export Loss', exact: true }).click();
  const download = page.waitForEvent('download');
  await page.getByRole('menuitem', { name: 'PNG' }).click();
  const png = await (await import('node:fs/promises')).readFile(await (await download).path());
  expect(png.subarray(1, 4).toString()).toBe('PNG');
  expect(png.length).toBeGreaterThan(3000);
});

test('a chart is also a table', async ({ page }) => {
  await open(page);
  await page.getByRole('button', { name: 'Loss as a table' }).click();
  const table = panel(page, 'Loss').getByRole('table');
  await expect(table.getByRole('row')).toHaveCount((await tokens(page).count()) + 1);
});

test(
  'one reading is one submission and one readback, with time per kernel',
  { tag: '@webgpu' },
  async ({ page }) => {
    await open(page);
    await page.getByText('Profile: what reading this text costs').click();
    await expect(figure(page, 'Submissions')).toHaveText('1');
    await expect(figure(page, 'Readbacks')).toHaveText(/^1 /);
    const kernels = page.getByRole('list', { name: 'Time per kernel' });
    await expect(kernels).toContainText(/matmul_(register|quad|tiled)/);
    await expect(kernels).toContainText(/sae_(group_max|encode_topk)/);
    await expect(kernels).toContainText(/\d GFLOP\/s/);
  },
);
