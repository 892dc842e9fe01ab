import { join } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { noSidewaysScroll, panel, prompt, violations, violationsInBoth } from './support.ts';

const GOLDEN = join(import.meta.dirname, '../src/corpus/goldens/zstd-v2.parquet');
const WARM_UP = 60_000;

async function openPrompts(page: Page, fragment = '#/prompts'): Promise<void> {
  await page.goto(`/${fragment}`);
  await expect(panel(page, 'Add texts')).toBeVisible({ timeout: WARM_UP });
}

const chooser = (page: Page) => page.getByLabel('Choose a file of texts');
const dialog = (page: Page) => page.getByRole('dialog');
const rows = (page: Page) => page.getByRole('list', { name: 'Texts to read' }).getByRole('button');
const give = (page: Page, name: string, content: string | Buffer): Promise<void> =>
  chooser(page).setInputFiles({ name, mimeType: '', buffer: Buffer.from(content) });

async function keep(page: Page, said: string): Promise<void> {
  await dialog(page).getByRole('button', { name: 'Add these texts' }).click();
  await expect(panel(page, 'Add texts').getByRole('status').filter({ hasText: said })).toBeVisible();
}

test('texts of several formats are shown first, kept, browsed, read in Explore and removed', async ({
  page,
}) => {
  const complaints: string[] = [];
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  await openPrompts(page);

  await give(page, 'lines.txt', 'The cat sat.\nThe <b>dog</b>\tran.\n\n');
  await expect(dialog(page).getByLabel('Format')).toHaveValue('lines');
  await expect(dialog(page).getByRole('listitem')).toHaveText(['The cat sat.', 'The <b>dog</b>⇥ran.']);
  await keep(page, '2 texts of lines.txt kept.');

  // A table: another column, which is read as it was shown.
  await give(page, 'table.csv', 'id;text;note\n1;first;"a; long\nnote"\n2;;\n3;third;x\n');
  await expect(dialog(page).getByLabel('Text is in')).toHaveValue('text');
  await expect(dialog(page).getByText('1 of the first rows would be skipped')).toBeVisible();
  await dialog(page).getByLabel('Text is in').selectOption('note');
  await expect(dialog(page).getByRole('listitem').first()).toContainText('a; long↵');
  await expect(dialog(page).getByRole('listitem').first()).toContainText('text: first');
  await keep(page, '2 texts of table.csv kept; 1 row skipped.');

  await give(page, 'rows.jsonl', '{"meta":{"by":"me"},"text":"hello there"}\nbroken\n{"text":"again"}\n');
  await expect(dialog(page).getByLabel('Text is in')).toHaveValue('text');
  await keep(page, '2 texts of rows.jsonl kept; 1 row skipped.');

  await chooser(page).setInputFiles(GOLDEN);
  await expect(dialog(page).getByRole('listitem').nth(1)).toContainText('zwei 🦊↵');
  await keep(page, '3 texts of zstd-v2.parquet kept; 1 row skipped.');

  // The same texts are kept once, whatever they were written as.
  await give(page, 'same.json', '["The cat sat.", "The <b>dog</b>\\tran."]');
  await keep(page, 'These texts are here already, as “lines.txt”.');

  // They outlive the page.
  await page.reload();
  await expect(rows(page).filter({ hasText: 'rows.jsonl' })).toBeVisible({ timeout: WARM_UP });
  await expect(rows(page).filter({ hasText: /lines\.txt|table\.csv|zstd/ })).toHaveCount(3);
  await rows(page).filter({ hasText: 'rows.jsonl' }).click();
  const details = page.getByRole('group', { name: 'rows.jsonl' });
  await expect(details.locator('code')).toHaveText(/^[0-9a-f]{16}$/);
  await details.getByText('1 row was skipped').click();
  await expect(details.getByRole('list', { name: 'Skipped rows' })).toContainText('row 2: not JSON');

  await details.getByRole('button', { name: 'Rename' }).click();
  await details.getByLabel('Name').fill('Greetings');
  await page.keyboard.press('Enter');
  await expect(rows(page).filter({ hasText: 'Greetings' })).toBeVisible();

  await page.getByRole('group', { name: 'Greetings' }).getByRole('button', { name: 'Browse' }).click();
  await dialog(page).getByRole('button', { name: /again/ }).click();
  await dialog(page).getByRole('button', { name: 'Read it in Explore' }).click();
  await expect(prompt(page)).toHaveValue('again');

  await page.goBack();
  await rows(page).filter({ hasText: 'Greetings' }).click();
  await page.getByRole('button', { name: 'Remove' }).click();
  await page.getByRole('button', { name: 'Yes, remove 2 texts' }).click();
  await expect(rows(page).filter({ hasText: 'Greetings' })).toHaveCount(0);
  expect(complaints).toEqual([]);
});

test('files that are no texts say so, and nothing of them is kept', async ({ page }) => {
  await openPrompts(page);
  const said = panel(page, 'Add texts').getByRole('alert');
  await give(page, 'program.txt', Buffer.from(Array.from({ length: 3000 }, (_, i) => (i * 7) % 256)));
  await expect(said).toContainText('program.txt is not text');
  await expect(said).toContainText('choose its encoding');
  await give(page, 'empty.csv', '');
  await expect(said).toContainText('empty.csv is empty.');
  await give(page, 'not.parquet', 'id,text\n1,a\n');
  await expect(said).toContainText('not.parquet cannot be read: it does not end as a Parquet file does.');
  await give(page, 'archive.csv', Buffer.from([0x50, 0x4b, 3, 4, 1, 2, 3, 4, 5, 6]));
  await expect(said).toContainText('archive.csv is a zip archive');

  // What can be read in another way can be put right in the preview.
  await give(page, 'odd.json', '{"not": "a list"}\n{"text": "but lines"}\n');
  await expect(dialog(page).getByLabel('Format')).toHaveValue('jsonl');
  await dialog(page).getByLabel('Format').selectOption('json');
  await expect(dialog(page).getByRole('alert')).toContainText('it is no list of texts or records');
  await dialog(page).getByLabel('Format').selectOption('lines');
  await expect(dialog(page).getByRole('alert')).toBeEmpty();
  await expect(dialog(page).getByRole('listitem').first()).toHaveText('{"not": "a list"}');
  await page.keyboard.press('Escape');
  await expect(dialog(page)).toHaveCount(0);
  await expect(rows(page).filter({ hasText: 'odd.json' })).toHaveCount(0);
});

test('a paste by keyboard alone, a drop, and a link over texts that are not here', async ({ page }) => {
  await openPrompts(page, '#/prompts?over=own-0123456789abcdef');
  await expect(page.getByText('This link is over texts that are not on this device')).toBeVisible();

  await page.getByText('Paste texts').focus();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await page.keyboard.type('one\ntwo');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect(dialog(page).getByRole('listitem')).toHaveText(['one', 'two']);
  await expect(dialog(page).getByLabel('Format')).toBeFocused();
  expect(await violationsInBoth(page, 'dialog')).toEqual([]);
  await page.setViewportSize({ width: 360, height: 740 });
  await noSidewaysScroll(page);
  await dialog(page).getByRole('button', { name: 'Add these texts' }).focus();
  await page.keyboard.press('Enter');
  // The hash of these is another one, and both are told.
  const missing = page.locator('.missing-texts');
  await expect(missing).toContainText('Pasted texts has the hash');
  await expect(missing.locator('code').nth(1)).toHaveText(/^[0-9a-f]{16}$/);
  await rows(page).filter({ hasText: 'Pasted texts' }).click();
  await page.getByRole('group', { name: 'Pasted texts' }).waitFor();
  await noSidewaysScroll(page);
  expect(await violations(page, '.prompts-side')).toEqual([]);

  const transfer = await page.evaluateHandle(() => {
    const data = new DataTransfer();
    data.items.add(new File(['dropped text\n'], 'dropped.txt'));
    return data;
  });
  await page.dispatchEvent('.prompts-main', 'dragover', { dataTransfer: transfer });
  await expect(page.getByText('Let go: it is shown first.')).toBeVisible();
  await page.dispatchEvent('.prompts-main', 'drop', { dataTransfer: transfer });
  await expect(dialog(page).getByRole('listitem')).toHaveText(['dropped text']);
});
