import { expect, test } from '@playwright/test';
import { figure, open, panel, prompt, settled, tokens, type } from './support.ts';

test.beforeEach(async ({ page }) => {
  page.on('pageerror', (error) => {
    throw error;
  });
});

test('an empty text has a beginning, a prediction, and no averages', async ({ page }) => {
  await open(page);
  await type(page, '');
  await expect(tokens(page)).toHaveCount(1);
  await expect(page.locator('.prompt-meta')).toContainText('0 tokens');
  await expect(figure(page, 'L0')).toHaveText(/^–/);
  await expect(panel(page, 'Next token').getByRole('listitem')).toHaveCount(12);
  await type(page, 'a');
  await expect(tokens(page)).toHaveCount(2);
  await type(page, ' red lamp');
  await expect(figure(page, 'L0')).toHaveText(/^\d/);
});

test(
  'a megabyte pasted is read through a window that can be moved',
  { tag: '@long' },
  async ({ page, context }) => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await open(page);
    const text = Array.from(
      { length: 20_000 },
      (_, i) => `Line ${i} has a fox, a lamp and a red door for Tom.`,
    ).join('\n');
    expect(text.length).toBeGreaterThan(1_000_000);
    await page.evaluate((all) => navigator.clipboard.writeText(all), text);
    await prompt(page).selectText();
    await prompt(page).press('ControlOrMeta+V');
    await settled(page);
    await expect(page.locator('.window-choice')).toContainText(/The model reads 255 tokens at a time/, {
      timeout: 60_000,
    });
    await expect(page.locator('.window-choice')).toContainText('Shown: tokens 1 to 255');
    await expect(tokens(page)).toHaveCount(256);
    await page.getByRole('button', { name: 'After' }).click();
    await expect(page.locator('.window-choice')).toContainText('Shown: tokens 256 to 510');
    await settled(page);
    await page.getByLabel('Start of the window').press('End');
    await expect(tokens(page).last()).toHaveText(/\./);
    await expect(page.locator('.window-choice')).toContainText(/to (\d+,\d+) of \1;/);
    // The page goes on working.
    await type(page, 'Tom saw a fox.');
    await expect(page.locator('.window-choice')).toHaveCount(0);
  },
);

test('one endless word without a place to split', async ({ page }) => {
  await open(page);
  await type(page, 'ab'.repeat(30_000));
  await expect(tokens(page)).toHaveCount(256, { timeout: 60_000 });
});

test('lone surrogates, emoji, right-to-left text and control characters', async ({ page }) => {
  await open(page);
  // Through the value setter: a clipboard cannot hold a lone surrogate, a page script can.
  await prompt(page).evaluate((element: HTMLTextAreaElement) => {
    const value = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value')!;
    value.set!.call(element, 'A \ud83d B \u202Eabc\u202C שלום \u0007\u0000\u200b 👩‍👩‍👧 <b>bold</b> &amp;');
    element.dispatchEvent(new Event('input', { bubbles: true }));
  });
  await settled(page);
  await expect(page.getByText('Half characters (lone surrogates) were read as �.')).toBeVisible();
  const shown = (await tokens(page).locator('.token-text').allTextContents()).join('');
  for (const unseen of '\u202e\u202c\u0007\u0000\u200b') expect(shown).not.toContain(unseen);
  expect(shown).toMatch(/<b/);
  expect(await page.locator('.strip b').count()).toBe(0);
  await expect(figure(page, 'L0')).toHaveText(/^\d/);
  await type(page, 'and on it goes');
  await expect(page.getByText(/Half characters/)).toHaveCount(0);
});

test('a special token in the text is text', async ({ page }) => {
  await open(page);
  await type(page, 'Tom<|endoftext|>Anna');
  await expect(page.getByText(/is read as ordinary text, not as the special token/)).toBeVisible();
  await expect(page.locator('.token.is-special')).toHaveCount(1);
});
