import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page, test } from '@playwright/test';
import { startHub, type TestHub } from '../src/testing/test-hub.ts';
import { features, loseDevice, loseDeviceOnDemand, noSidewaysScroll, ready, tokens } from './support.ts';

const MODEL = 'tests/storyworld';
const DICTIONARIES = 'tests/dictionaries';
const HOOK = 'blocks.2.hook_resid_pre';

let root: string;
let hub: TestHub;

test.beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'facet-hub-'));
  mkdirSync(join(root, 'tests'));
  cpSync('public/models/storyworld-2m', join(root, MODEL), { recursive: true });
  cpSync(`public/dictionaries/storyworld-2m/${HOOK}`, join(root, DICTIONARIES, HOOK), { recursive: true });
  // Made for twelve values a token, and so for another model.
  cpSync('src/dictionary/goldens/topk-random', join(root, DICTIONARIES, 'other'), { recursive: true });
  hub = await startHub({ root });
});
test.beforeEach(() => hub.reset());
test.afterAll(async () => {
  await hub.close();
  rmSync(root, { recursive: true });
});

const page$ = (page: Page, name: string) => page.getByRole('article', { name });
const opening = (page: Page) => page.getByRole('group', { name: 'Open this model' });
const region = (page: Page, name: string) => page.getByRole('region', { name, exact: true });
const search = (page: Page) => page.getByRole('searchbox', { name: 'Search, or name a repository' });

async function toModels(page: Page, fragment = '#/models'): Promise<void> {
  await page.goto(`/${fragment}`);
  await expect(page.getByRole('heading', { name: 'Models and dictionaries' })).toBeVisible();
  await expect(region(page, 'Hub and access token')).toBeVisible();
}

async function useHub(page: Page, token?: string): Promise<void> {
  const settings = region(page, 'Hub and access token');
  await settings.getByLabel('Address of the hub').fill(hub.origin);
  if (token) await settings.getByLabel(/Access token/).fill(token);
  await settings.getByRole('button', { name: 'Save' }).click();
  await expect(settings.getByRole('status')).toContainText('Saved.');
}

async function violations(page: Page): Promise<string[]> {
  const { violations: found } = await new AxeBuilder({ page }).analyze();
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
}

test('find a repository, look, download with a break, open it with a dictionary, and again without the network', async ({
  page,
}) => {
  await toModels(page);
  // Nothing but the page itself has been asked for: not even the bundled model.
  await search(page).fill('gemma scope att');
  await expect(page.getByRole('list', { name: 'Models' }).getByRole('button')).not.toHaveCount(0);
  await expect(page.getByRole('list', { name: 'Models' })).toContainText('google/gemma-3-270m');
  await expect(page.getByRole('list', { name: 'Models' })).not.toContainText('Pythia');
  await useHub(page);
  await search(page).fill(MODEL);
  await page.getByRole('button', { name: `Show ${MODEL}` }).click();
  expect(hub.log).toEqual([]);
  await opening(page)
    .getByRole('button', { name: `Look at ${MODEL}` })
    .click();
  const architecture = region(page, 'Architecture');
  await expect(architecture).toContainText('gpt2');
  await expect(architecture).toContainText('3,072');
  await expect(region(page, 'Hooks')).toContainText('hook_embed');
  await expect(region(page, 'Weights')).toContainText(/On the GPU.*about \d/s);
  await expect(region(page, 'Files')).toContainText('model.safetensors');
  expect(await violations(page)).toEqual([]);
  expect(hub.log.filter(({ path }) => path.includes('model.safetensors'))).toEqual([]);

  // A dictionary of another repository; one of the two does not fit, and says why.
  const dictionaries = region(page, 'Dictionaries');
  await dictionaries.getByLabel('Dictionaries of another repository').fill(DICTIONARIES);
  await dictionaries.getByRole('button', { name: /^Look on/ }).click();
  await dictionaries.getByRole('button', { name: /blocks\.1\.hook_resid_pre/ }).click();
  await expect(dictionaries).toContainText(/12 values per token .* this model has 192/);
  await dictionaries.getByRole('button', { name: new RegExp(HOOK) }).click();

  // The server falls silent half-way: what has arrived is kept, and the rest resumes.
  hub.fault(`${MODEL}/model.safetensors`, 'stall');
  await opening(page)
    .getByRole('button', { name: /^Download 6\.\d\sMB and open with this dictionary/ })
    .click();
  await expect(opening(page).getByText(/2\.\d\sMB of 4\.\d\sMB/)).toBeVisible();
  await opening(page).getByRole('button', { name: 'Cancel' }).click();
  await expect(opening(page)).toContainText(/are here and kept/);
  hub.reset();
  await opening(page).getByRole('button', { name: 'Resume' }).click();
  const openBoth = opening(page).getByRole('button', {
    name: /^Download 1\.6\sMB and open with this dictionary/,
  });
  await expect(openBoth).toBeEnabled();
  const resumed = hub.log.filter(({ path }) => path.includes('model.safetensors'));
  expect(resumed.map(({ range }) => range ?? '')).toContainEqual(expect.stringMatching(/^bytes=[1-9]/));
  await openBoth.click();
  await ready(page);
  await expect(features(page).first()).toBeVisible();
  await expect(page.getByLabel('Dictionary, by the hook it reads')).toHaveValue(
    new RegExp(`^hf:${DICTIONARIES}@`),
  );
  const link = page.url();
  expect(link).toContain(`model=hf:${MODEL}@`);
  expect(link).not.toContain('127.0.0.1:' + new URL(hub.origin).port);

  // Back to the page of the model, and forward again.
  await page.goBack();
  await expect(page$(page, MODEL)).toBeVisible();
  await page.goForward();
  await ready(page);

  // It opens again from this device alone.
  hub.reset();
  await page.reload();
  await ready(page);
  await expect(features(page).first()).toBeVisible();
  // What is kept is offered to other models too: here the bundled one.
  await page.evaluate(() => (location.hash = '#/models?look=storyworld-2m'));
  await dictionaries.getByRole('button', { name: new RegExp(`${HOOK}.*${DICTIONARIES}`) }).click();
  await opening(page).getByRole('button', { name: 'Open with this dictionary' }).click();
  await ready(page);
  await expect(features(page).first()).toBeVisible();
  await expect(page).toHaveURL(/model=storyworld-2m.*dict=hf:tests/);
  expect(hub.log).toEqual([]);
});

test('a link to a repository asks before it asks anybody else, and a token goes to the hub only', async ({
  page,
}) => {
  const token = 'hf_SecretSecretSecret';
  hub.gate(MODEL, token);
  const revision = hub.commit(MODEL);
  await toModels(page);
  await useHub(page, token);
  await page.evaluate((hash) => (location.hash = hash), `#/explore?model=hf:${MODEL}@${revision}&text=Tom`);
  await expect(page.getByRole('heading', { name: /not on this device yet/ })).toBeVisible();
  const model = page.getByRole('region', { name: `model ${MODEL}` });
  await expect(model).toContainText(revision.slice(0, 12));
  await expect(model).toContainText(new URL(hub.origin).host);
  expect(hub.log).toEqual([]);
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByRole('heading', { name: 'Models and dictionaries' })).toBeVisible();
  await page.goBack();
  await model.getByRole('button', { name: 'Look at the files first' }).click();
  await expect(model).toContainText(/4\.\d\sMB in \d file/);
  expect(await violations(page)).toEqual([]);
  await page.getByRole('button', { name: 'Download and open' }).click();
  await ready(page);
  await expect(tokens(page).first()).toContainText('endoftext');
  const withToken = hub.log.filter(({ authorization }) => authorization);
  expect(withToken.length).toBeGreaterThan(0);
  expect(withToken.every(({ server }) => server === 'hub')).toBe(true);
  expect(hub.log.some(({ server }) => server === 'cdn')).toBe(true);
  // Neither the databases nor any file of this site's storage has it.
  const kept = await page.evaluate(async () => {
    const texts: string[] = [location.href, JSON.stringify([await indexedDB.databases()])];
    for (const storage of [localStorage, sessionStorage]) texts.push(JSON.stringify(Object.entries(storage)));
    const walk = async (folder: FileSystemDirectoryHandle): Promise<void> => {
      for await (const handle of folder.values()) {
        if (handle.kind === 'directory') await walk(handle);
        else texts.push(await (await handle.getFile()).slice(0, 100_000).text());
      }
    };
    await walk(await navigator.storage.getDirectory());
    return texts.join('\n');
  });
  expect(kept).toContain(revision);
  expect(kept).not.toContain(token);
  expect(await page.content()).not.toContain(token);
});

test('files of one’s own open, outlast a lost device, and a link to them asks for the same files', async ({
  page,
}) => {
  await loseDeviceOnDemand(page);
  const folder = join(root, MODEL);
  await toModels(page, '?backend=webgpu#/models');
  await page.getByLabel('Choose a folder').setInputFiles(folder);
  await expect(region(page, 'Architecture')).toContainText('gpt2');
  await expect(region(page, 'Your own files').getByRole('progressbar')).toHaveCount(0);
  for (const width of [360, 1920]) {
    await page.setViewportSize({ width, height: 900 });
    await noSidewaysScroll(page);
  }
  await opening(page).getByRole('button', { name: 'Open without a dictionary' }).click();
  await ready(page);
  await expect(page).toHaveURL(/model=local:[0-9a-f]{16}/);
  await expect(page.getByRole('button', { name: 'Choose a dictionary' })).toBeVisible();
  await loseDevice(page);
  await expect(page.getByText('The GPU stopped and was started again; nothing was lost.')).toBeVisible();
  await ready(page);
  await page.reload();
  await expect(page.getByRole('heading', { name: /somebody’s own files/ })).toBeVisible();
  // Other files are told apart by their digest.
  const other = join(root, 'other');
  cpSync(folder, other, { recursive: true });
  writeFileSync(join(other, 'config.json'), `${readFileSync(join(other, 'config.json'), 'utf8')}\n`);
  await page.getByLabel('Choose a folder').setInputFiles(other);
  await expect(page.getByText('These are other files than the link means')).toBeVisible();
  await page.getByLabel('Choose a folder').setInputFiles(folder);
  await ready(page);
});

test('what cannot be read is explained; storage is listed and removed; nothing to mend, down to 360 px', async ({
  page,
}) => {
  await page.emulateMedia({ colorScheme: 'dark' });
  await toModels(page, `#/models?look=openai-community/gpt2`);
  const dictionaries = region(page, 'Dictionaries');
  await dictionaries.getByLabel('Search the dictionaries').fill('att-kk');
  await dictionaries.getByRole('button', { name: /blocks\.7\.attn\.hook_z/ }).click();
  await expect(dictionaries).toContainText('PyTorch pickles');
  await expect(dictionaries).toContainText('explains −755 % of the variance');
  // A pickle among files that are dropped.
  await page.getByLabel(/Keep a copy/).check();
  const dropped = await page.evaluateHandle(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(['{"model_type":"gpt2"}'], 'config.json'));
    transfer.items.add(new File(['not read'], 'pytorch_model.bin'));
    return transfer;
  });
  const view = page.locator('.models');
  await view.dispatchEvent('dragover', { dataTransfer: dropped });
  await expect(view).toHaveClass(/is-dragging/);
  await view.dispatchEvent('drop', { dataTransfer: dropped });
  await expect(view).not.toHaveClass(/is-dragging/);
  await expect(page.locator('.models-page code').filter({ hasText: 'python' }).first()).toBeVisible();
  const stored = region(page, 'On this device');
  await expect(stored.getByRole('listitem')).toHaveCount(1);
  // By keyboard through the list, to a page that the hub does not have, and what it says then.
  const list = page.getByRole('list', { name: 'Models' }).getByRole('button');
  await list.first().focus();
  await page.keyboard.press('ArrowDown');
  await expect(list.nth(1)).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(list.nth(1)).toHaveAttribute('aria-pressed', 'true');
  await useHub(page);
  await search(page).fill('tests/nowhere');
  await page.keyboard.press('Enter');
  await opening(page).getByRole('button', { name: 'Look at tests/nowhere' }).click();
  await expect(opening(page).getByRole('alert').filter({ hasText: 'tests/nowhere' })).toBeVisible();
  expect(await violations(page)).toEqual([]);
  await stored.getByRole('button', { name: /^Check/ }).click();
  await expect(stored).toContainText('2 files are as they were downloaded');
  await stored.getByRole('button', { name: /^Remove/ }).click();
  await stored.getByRole('button', { name: /^Yes, remove/ }).click();
  await expect(stored).toContainText('Nothing is kept yet');
  await page.emulateMedia({ colorScheme: 'light' });
  expect(await violations(page)).toEqual([]);
  for (const width of [360, 1280, 3840]) {
    await page.setViewportSize({ width, height: 900 });
    await noSidewaysScroll(page);
  }
});
