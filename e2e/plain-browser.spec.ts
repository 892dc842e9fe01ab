import { expect, test } from '@playwright/test';
import { browserLaunch } from '../scripts/browser.ts';
import { beforeEngine, exported, open, tokens, type } from './support.ts';

// A browser without WebGPU, and without what only the newest have: `using` is compiled, but its symbols are asked for.
const launch = browserLaunch();
test.use({
  launchOptions: { ...launch, args: [...launch.args, '--js-flags=--no-js-explicit-resource-management'] },
});

test('a browser without WebGPU reads, opens features and measures heads', async ({ page }) => {
  await page.addInitScript(() => Object.defineProperty(Navigator.prototype, 'gpu', { value: undefined }));
  await beforeEngine(page, "Object.defineProperty(WorkerNavigator.prototype, 'gpu', { value: undefined });");
  await open(page);
  expect(await page.evaluate(() => [navigator.gpu, 'DisposableStack' in globalThis])).toEqual([
    undefined,
    false,
  ]);
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
