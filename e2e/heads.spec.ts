import { readFile } from 'node:fs/promises';
import { expect, type Locator, type Page, test } from '@playwright/test';
import { exported, noSidewaysScroll, open, panel, prompt, settled, stopScoring } from './support.ts';

const MOVED = 'When Mary and John went to the store, John gave a drink to';

const grid = (page: Page): Locator => page.getByRole('grid', { name: /^Heads/ });
const attention = (page: Page): Locator =>
  page.getByRole('listbox', { name: 'Tokens by attention' }).getByRole('option');

/** Until every head has its score. */
async function scored(page: Page): Promise<void> {
  await expect(page.getByRole('progressbar', { name: 'Scoring heads' })).toBeHidden({ timeout: 60_000 });
  await expect(grid(page).getByRole('gridcell').last()).toHaveAccessibleName(/ of 24/);
}

/** Chooses in a menu as the keyboard does: by what an entry begins with. */
async function pick(page: Page, menu: string, entry: string): Promise<void> {
  await page.getByLabel(menu, { exact: true }).focus();
  await page.keyboard.type(entry);
}

test(
  'which head moves the name? From a fresh page, by keyboard alone',
  { tag: '@webgpu' },
  async ({ page }) => {
    await open(page);
    await page.getByRole('button', { name: 'Heads', exact: true }).focus();
    await page.keyboard.press('Enter');
    await prompt(page).focus();
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.insertText(MOVED);
    await settled(page);
    await scored(page);
    await pick(page, 'Colour by', 'Name mover');
    await expect(grid(page)).toHaveAccessibleName('Heads by Name mover');

    // The first of the ranking, then its page, where the focus goes too.
    const first = page.getByRole('button', { name: /^Open head/ }).first();
    const name = (await first.textContent())!;
    await first.focus();
    await page.keyboard.press('Enter');
    const title = page.getByRole('heading', { name: `Head ${name}` });
    await expect(title).toBeFocused();
    await expect(page.getByLabel('Scores of this head')).toContainText(/Name mover[^N]*1st of 24/);

    // From the last token it looks at the name that is the answer.
    await expect(attention(page)).toHaveCount(16);
    await attention(page).last().focus();
    await page.keyboard.press('End');
    const shares = (await attention(page).evaluateAll((all) => all.map((token) => token.ariaLabel!))).map(
      (label) => [label, Number(/([\d.]+)\s%/.exec(label)?.[1] ?? 0)] as const,
    );
    const most = shares.toSorted((a, b) => b[1] - a[1])[0]!;
    expect(most[0]).toContain('space Mary');
    expect(most[1]).toBeGreaterThan(50);

    // Without it, and the one like it, the name is less likely.
    await page.getByRole('button', { name: 'Ablate this head' }).focus();
    await page.keyboard.press('Enter');
    const after = panel(page, 'Ablation here').getByRole('list', { name: 'Next tokens without the heads' });
    await expect(after.getByRole('listitem').filter({ hasText: 'Mary' })).toContainText(/−[\d.]+ pp/, {
      timeout: 60_000,
    });

    // Escape clears the token, then leaves the page for the cell it came from.
    await title.focus();
    await page.keyboard.press('Escape');
    await expect(title).toBeHidden();
    const [layer, head] = name.split('.');
    await expect(page.locator(`[data-layer="${layer}"][data-head="${head}"]`)).toBeFocused();
  },
);

test('the grid has one tab stop, walks by arrows, opens with Enter and ablates with A', async ({ page }) => {
  await open(page);
  await page.getByRole('button', { name: 'Heads', exact: true }).click();
  await scored(page);
  await expect(grid(page).getByRole('columnheader')).toHaveCount(6);
  await expect(grid(page).getByRole('rowheader')).toHaveCount(4);
  await expect(grid(page).locator('[tabindex="0"]')).toHaveCount(1);
  await grid(page).locator('[tabindex="0"]').focus();
  for (const key of ['ArrowDown', 'ArrowRight', 'ArrowRight', 'a']) await page.keyboard.press(key);
  const cell = page.locator('[data-layer="1"][data-head="2"]');
  await expect(cell).toBeFocused();
  await expect(cell).toHaveAccessibleName(/, ablated$/);
  await expect(panel(page, 'Ablation here')).toBeVisible();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Head 1.2' })).toBeFocused();
  await page.goBack();
  await expect(page.getByRole('heading', { name: 'Head 1.2' })).toBeHidden();
  await cell.focus();
  await page.keyboard.press('Home');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Layer 1, the average of its heads' })).toBeVisible();
});

test(
  'a link shows the same page of the same head, with the same numbers',
  { tag: '@long' },
  async ({ page, context }) => {
    const link = `#/heads?l=2&h=1&part=pattern&weight=value&off=2.1,2.4&abl=zero&at=15&way=queries&text=${encodeURIComponent(MOVED)}`;
    await page.goto(`/${link}`);
    await stopScoring(page);
    const rise = page.locator('[data-figure="loss rise"]');
    await expect(rise).toHaveText(/[+−]\d/, { timeout: 60_000 });
    let pattern = '';
    await expect(async () => {
      pattern = await exported(page, 'Pattern');
      expect(pattern.split('\n').length).toBeGreaterThan(10);
    }).toPass({ timeout: 60_000 });
    const strip = await exported(page, 'Token by token');
    const ablation = await exported(page, 'Ablation here');
    const other = await context.newPage();
    await other.goto(page.url());
    await stopScoring(other);
    await expect(other.locator('[data-figure="loss rise"]')).toHaveText((await rise.textContent())!, {
      timeout: 60_000,
    });
    await expect(other.getByLabel('Show', { exact: true })).toHaveValue('value');
    // What is exported before it is there is an empty table.
    const same = (title: string, expected: string): Promise<void> =>
      expect(async () => expect(await exported(other, title)).toBe(expected)).toPass({ timeout: 60_000 });
    await same('Pattern', pattern);
    await same('Token by token', strip);
    await same('Ablation here', ablation);
    await expect(other.getByRole('heading', { name: 'Head 2.1' })).toBeVisible();
  },
);

test('the map is walked by arrows, tells its numbers, chooses a token and is exported', async ({ page }) => {
  await page.goto(`/#/heads?l=0&h=0&text=${encodeURIComponent(MOVED)}`);
  await stopScoring(page);
  const map = page.getByRole('application', { name: 'Attention pattern of head 0.0, 16 by 16' });
  await expect(map).toBeVisible({ timeout: 60_000 });
  const lines = (await exported(page, 'Pattern')).trim().split('\n');
  expect(lines).toHaveLength(17);
  // What a query looks at adds up to everything.
  const row = lines[16]!.split(',').slice(2).map(Number);
  expect(row.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 4);
  await map.focus();
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowRight');
  await expect(page.locator('.pattern-readout')).toContainText('“ink” (14) looks at “When” (1)');
  await page.keyboard.press('Enter');
  await expect(attention(page).nth(14)).toHaveAttribute('aria-selected', 'true');
  await page.getByRole('button', { name: 'Larger' }).click();
  await expect(page.getByRole('button', { name: 'Fit' })).toBeEnabled();
  for (const kind of ['SVG', 'PNG']) {
    await page.getByRole('button', { name: 'Export Pattern', exact: true }).click();
    const download = page.waitForEvent('download');
    await page.getByRole('menuitem', { name: kind }).click();
    const file = await readFile(await (await download).path());
    if (kind === 'SVG') expect(file.toString()).toContain('data:image/png;base64,');
    expect(file.length).toBeGreaterThan(5_000);
  }
  await page.getByRole('button', { name: 'Pattern as a table' }).click();
  await expect(panel(page, 'Pattern').getByRole('row')).toHaveCount(17);
});

test(
  'a head’s features open the dictionary of its layer and keep the text',
  { tag: '@long' },
  async ({ page }) => {
    await page.goto(`/#/heads?l=2&h=1&text=${encodeURIComponent(MOVED)}`);
    await expect(attention(page)).toHaveCount(16, { timeout: 60_000 });
    await page.getByRole('tab', { name: 'Features' }).focus();
    await page.keyboard.press('Enter');
    await expect(page.getByLabel('Dictionary, by the hook it reads').locator('option:checked')).toContainText(
      'blocks.2.attn.hook_z',
      { timeout: 60_000 },
    );
    await expect(prompt(page)).toHaveValue(MOVED);
    await page.getByRole('tab', { name: 'Circuits' }).click();
    await expect(page.locator('[data-figure="copying"]')).toHaveText(/\d/, { timeout: 60_000 });
  },
);

test('nothing is cut off sideways on a head’s page, from 360 px to 4K', async ({ page }) => {
  await page.goto('/#/heads?l=2&h=1&off=2.1');
  await stopScoring(page);
  await expect(page.locator('[data-figure="loss rise"]')).toHaveText(/\d/, { timeout: 60_000 });
  for (const width of [360, 768, 1280, 1920, 3840]) {
    await page.setViewportSize({ width, height: 900 });
    await noSidewaysScroll(page);
  }
});

test('heads are scored although another link is opened meanwhile', { tag: '@long' }, async ({ page }) => {
  test.slow();
  await page.goto('/#/heads');
  await expect(page.getByRole('progressbar', { name: 'Scoring heads' })).toBeVisible({ timeout: 60_000 });
  // Names no model: the same one is opened anew.
  await page.goto('/#/heads?l=2&h=1');
  await expect(page.getByRole('heading', { name: 'Head 2.1' })).toBeVisible({ timeout: 60_000 });
  await expect(page.locator('.head-scores-note')).toContainText(/[1-9]\d* texts?, [\d,]+ tokens/, {
    timeout: 90_000,
  });
  await expect(page.getByRole('button', { name: 'Try again' })).toBeHidden();
  await page.getByRole('button', { name: 'Definitions of the scores' }).click();
  await expect(page.getByRole('dialog', { name: 'Definitions of the scores' })).toContainText('Name mover');
});

test('a link to a head this model does not have says so', async ({ page }) => {
  await page.goto('/#/heads?l=11&h=3');
  await expect(page.getByText('This model has no head 11.3')).toBeVisible({ timeout: 60_000 });
});
