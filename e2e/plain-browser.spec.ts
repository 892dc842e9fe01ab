import { expect, test } from '@playwright/test';
import { beforeEngine, exported, open, tokens, type } from './support.ts';

/** Without WebGPU, and without the symbols of `using`, which only the newest browsers have. */
const PLAIN = `{
  Object.defineProperty(WorkerNavigator.prototype, 'gpu', { value: undefined });
  const native = Symbol;
  const older = (what) => native(what);
  for (const key of Object.getOwnPropertyNames(native))
    if (!['dispose', 'asyncDispose', 'length', 'name'].includes(key)) older[key] = native[key];
  globalThis.Symbol = older;
  delete globalThis.DisposableStack;
}`;

test('a browser without WebGPU reads, opens features and measures heads', async ({ page }) => {
  await page.addInitScript(() => Object.defineProperty(Navigator.prototype, 'gpu', { value: undefined }));
  await beforeEngine(page, PLAIN);
  await open(page);
  await type(page, 'When Mary and John went to the store, John gave a drink to');
  await expect(tokens(page)).not.toHaveCount(0);
  expect((await exported(page, 'Features')).split('\n').length).toBeGreaterThan(20);
  await page.getByRole('button', { name: 'Heads', exact: true }).click();
  await expect(
    page
      .getByRole('grid', { name: /^Heads/ })
      .getByRole('gridcell')
      .last(),
  ).toHaveAccessibleName(/ of 24/, { timeout: 60_000 });
});
