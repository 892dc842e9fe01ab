import { expect, type Page, test } from '@playwright/test';
import { exported, figure, noSidewaysScroll, open, panel, violationsInBoth } from './support.ts';

const QUICK = ['Sparse decode, 64 tokens of 32 features', 'Encode, TopK 32 of 24,576, 1 token'];

const row = (page: Page, id: string) => page.locator(`[data-workload="${id}"]`);

/** The Speed view, with its list. */
async function openSpeed(page: Page, fragment = ''): Promise<void> {
  await page.goto(`/#/bench${fragment}`);
  await expect(page.getByRole('button', { name: 'Time these' })).toBeVisible({ timeout: 60_000 });
  await expect(page.getByRole('checkbox').first()).toBeVisible();
}

test('how fast is this? Chosen, timed, read and sent by keyboard, and the same elsewhere', async ({
  page,
  context,
}) => {
  test.slow();
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await open(page);
  await page.getByRole('button', { name: 'Speed', exact: true }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'None', exact: true }).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Time these' })).toBeDisabled();
  for (const name of QUICK) {
    await page.getByRole('checkbox', { name, exact: true }).focus();
    await page.keyboard.press('Space');
  }
  await page.getByRole('button', { name: 'Time these' }).focus();
  await page.keyboard.press('Enter');
  await expect(figure(page, 'rounds')).toHaveText('7', { timeout: 120_000 });

  // Both, and the matmul that encoding is given a ratio to.
  for (const id of ['decode-64', 'encode-1', 'encoder-matmul-1'])
    await expect(row(page, id)).toContainText(/\d\s(µs|ms|s)/);
  await expect(row(page, 'encode-1')).toContainText(/\d\s×/);
  await expect(row(page, 'decode-64')).toContainText('% of');
  await expect(figure(page, 'Bandwidth')).toHaveText(/\d/);
  await expect(figure(page, 'Peak')).toHaveText(/\d/);
  for (const stage of ['First paint', 'Model ready', 'First features'])
    await expect(figure(page, stage)).toHaveText(/\d/);
  // Neither the processor nor a software adapter is measured.
  await expect(panel(page, 'Kernels chosen here')).toContainText('The defaults run');

  // The chart is a list to the keyboard.
  const points = page.getByRole('listbox', { name: /^Roofline/ }).getByRole('option');
  await expect(points).toHaveCount(3);
  await points.first().focus();
  await page.keyboard.press('End');
  await expect(points.last()).toBeFocused();
  await expect(figure(page, 'roofline read-out')).toContainText('Sparse decode');

  await page.getByRole('button', { name: 'Copy link with these times' }).focus();
  await page.keyboard.press('Enter');
  await expect(panel(page, 'Times')).toContainText('Link copied');
  const link = await page.evaluate(() => navigator.clipboard.readText());
  const time = (await row(page, 'decode-64').locator('strong').textContent())!;

  const other = await context.newPage();
  await other.goto(link);
  await expect(row(other, 'decode-64')).toContainText(time, { timeout: 60_000 });
  await expect(panel(other, 'Times')).toContainText('from a link');
  await expect(figure(other, 'timed on')).toHaveText((await figure(page, 'timed on').textContent())!);
  await expect(other.getByRole('checkbox', { name: QUICK[0], exact: true })).toBeChecked();
  await expect(other.getByRole('checkbox', { checked: true })).toHaveCount(2);

  expect(await violationsInBoth(other, '.speed')).toEqual([]);
  for (const width of [360, 768, 1280, 3840]) {
    await other.setViewportSize({ width, height: 900 });
    await noSidewaysScroll(other);
  }
});

test(
  'times go out as a file and come back beside newer ones; a run can be stopped',
  { tag: '@long' },
  async ({ page }) => {
    test.slow();
    await openSpeed(page, '?timed=decode-64');
    await page.getByRole('button', { name: 'Time these' }).click();
    await expect(figure(page, 'rounds')).toHaveText('7', { timeout: 120_000 });
    expect(await exported(page, 'Times')).toContain('Sparse decode');
    await page.getByRole('button', { name: 'Export Times', exact: true }).click();
    const download = page.waitForEvent('download');
    await page.getByRole('menuitem', { name: /JSON/ }).click();
    const file = await (await download).path();

    await page.getByLabel('Import times').setInputFiles(file);
    await page.getByLabel('beside', { exact: true }).selectOption({ index: 1 });
    await expect(row(page, 'decode-64')).toContainText(/1\.00\s×$/);

    await page.getByRole('button', { name: 'Time again' }).click();
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await expect(page.getByRole('button', { name: 'Time again' })).toBeFocused();
    await expect(page.getByRole('progressbar', { name: 'Timing' })).toBeHidden();

    await page.getByLabel('Import times').setInputFiles({
      name: 'other.json',
      mimeType: 'application/json',
      buffer: Buffer.from('{"format":"facet-speed","version":1,"rows":[{"id":"<b>"}]}'),
    });
    await expect(panel(page, 'Times').getByRole('alert')).toContainText('wrong part');
  },
);

test('times in a link that are damaged are said to be, and the view works', async ({ page }) => {
  await openSpeed(page, '?times=AAAA&timed=decode-64');
  await expect(panel(page, 'Times').getByRole('alert')).toContainText('damaged');
  await page.getByRole('button', { name: 'Forget what was brought' }).click();
  await expect(panel(page, 'Times').getByRole('alert')).toBeEmpty();
  await expect(page).not.toHaveURL(/times=/);
  await expect(page.getByRole('button', { name: 'Time these' })).toBeEnabled();
});

test('both backends are timed, and stand side by side', { tag: '@long' }, async ({ page }) => {
  test.slow();
  await openSpeed(page, '?timed=decode-64');
  const before = (await figure(page, 'device').textContent())!;
  await page.getByRole('button', { name: 'Time on WebGPU and CPU' }).click();
  // The model is opened on the other backend, and again on this one.
  await expect(page.getByLabel('beside', { exact: true })).toBeVisible({ timeout: 200_000 });
  await expect(figure(page, 'device')).toHaveText(before, { timeout: 60_000 });
  const names = await page
    .getByRole('combobox', { name: 'Times', exact: true })
    .getByRole('option')
    .allTextContents();
  expect(names).toHaveLength(2);
  expect(names.join()).toMatch(/WebGPU.*CPU|CPU.*WebGPU/);
  await expect(row(page, 'decode-64')).toContainText(/\d\s×$/);
});
