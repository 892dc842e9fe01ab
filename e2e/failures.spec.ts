import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { expect, type Page, test } from '@playwright/test';
import { beforeEngine, exported, loseDevice, loseDeviceOnDemand, open, ready } from './support.ts';

const NO_WEBGPU = "Object.defineProperty(WorkerNavigator.prototype, 'gpu', { value: undefined });";

const heading = (page: Page) => page.getByRole('heading', { level: 1 });

test('a browser with neither WebGPU nor WebAssembly SIMD is told which has them', async ({ page }) => {
  await beforeEngine(page, `${NO_WEBGPU} WebAssembly.validate = () => false;`);
  await page.goto('/');
  await expect(heading(page)).toContainText('neither WebGPU');
  await expect(page.getByText(/Firefox 89/)).toBeVisible();
  await expect(page.getByRole('button', { name: 'Copy diagnostics' })).toBeVisible();
});

// What is in WebGPU's way, and what the page says of it: everything else is as everywhere.
const hindrances: readonly (readonly [string, string, RegExp])[] = [
  ['no WebGPU', NO_WEBGPU, /because this browser has no WebGPU/],
  ['no adapter', 'GPU.prototype.requestAdapter = async () => null;', /found no graphics card/],
  [
    'an adapter that is too small',
    "Object.defineProperty(GPUAdapter.prototype, 'limits', { get: () => ({ maxBufferSize: 2 ** 20, maxStorageBufferBindingSize: 2 ** 20, maxComputeWorkgroupStorageSize: 16384 }) });",
    /the graphics card is too small/,
  ],
];
for (const [what, script, reason] of hindrances) {
  test(`with ${what} the processor computes, and the page says why`, async ({ page }) => {
    await beforeEngine(page, script);
    await open(page, '#/explore?f=7&text=Tom+gave+the+ball+to+Anna.');
    await expect(page.getByLabel('Computed by', { exact: true })).toHaveAttribute('title', reason);
    await expect(page.getByRole('article', { name: 'Feature 7' })).toBeVisible();
  });
}

test('a device that is lost twice leaves the visitor the processor', async ({ page }) => {
  await loseDeviceOnDemand(page);
  await open(page, '?backend=webgpu#/explore?text=Tom+gave+the+ball+to+Anna.');
  await loseDevice(page);
  await expect(page.getByText('The GPU stopped and was started again; nothing was lost.')).toBeVisible();
  await ready(page);
  await loseDevice(page);
  await expect(heading(page)).toContainText('graphics device was lost');
  await page.getByRole('button', { name: 'Compute on the CPU' }).click();
  await ready(page);
  await expect(page.getByLabel('Computed by', { exact: true })).toHaveAttribute('title', /CPU.*as you chose/);
  await expect(page).toHaveURL(/text=Tom/);
});

test('a script of the engine that does not load', async ({ page }) => {
  await page.route('**/assets/engine.worker-*.js', (route) => route.abort());
  await page.goto('/');
  await expect(heading(page)).toContainText('mistake of its own');
  await page.unroute('**/assets/engine.worker-*.js');
  await page.getByRole('button', { name: 'Start again' }).click();
  await ready(page);
});

test('a lost device is started again by itself; a second loss is the visitor’s to decide', async ({
  page,
}) => {
  await loseDeviceOnDemand(page);
  const lose = () => loseDevice(page);
  await open(page, '?backend=webgpu#/explore?f=7&text=Tom+gave+the+ball+to+Anna.');
  // Without the last column, which comes with a sample that goes on by itself.
  const features = async (): Promise<string> =>
    (await exported(page, 'Features')).replaceAll(/,[^,\n]*$/gm, '');
  const before = await features();
  await lose();
  await expect(page.getByText('The GPU stopped and was started again; nothing was lost.')).toBeVisible();
  await ready(page);
  await expect(page.getByRole('article', { name: 'Feature 7' })).toBeVisible();
  await expect(async () => expect(await features()).toBe(before)).toPass();
  await lose();
  await expect(heading(page)).toContainText('graphics device was lost');
  await page.getByRole('button', { name: 'Start again' }).click();
  await ready(page);
  await expect(async () => expect(await features()).toBe(before)).toPass();
});

test('a missing model file is named, and starting again works once it is there', async ({ page }) => {
  await page.route('**/model.safetensors', (route) => route.fulfill({ status: 404, body: 'no' }));
  await page.goto('/');
  await expect(heading(page)).toContainText('is not to be found', { timeout: 30_000 });
  await expect(page.getByRole('alert').filter({ hasText: 'model.safetensors is missing' })).toBeVisible();
  await page.unroute('**/model.safetensors');
  await page.getByRole('button', { name: 'Start again' }).click();
  await ready(page);
});

test('a server that fails and a connection that breaks', async ({ page }) => {
  await page.route('**/catalogue.json', (route) => route.fulfill({ status: 503, body: 'busy' }));
  await page.goto('/');
  await expect(page.getByRole('alert').filter({ hasText: 'answered 503' })).toBeVisible();
  await page.unroute('**/catalogue.json');
  await page.route('**/sae_weights.safetensors', (route) => route.abort());
  await page.getByRole('button', { name: 'Start again' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'could not be downloaded' })).toBeVisible({
    timeout: 30_000,
  });
});

test('a damaged model file is found by its digest', async ({ page }) => {
  const weights = await readFile('dist/models/storyworld-2m/model.safetensors');
  weights[weights.length - 1000]! ^= 1;
  await page.route('**/model.safetensors', (route) => route.fulfill({ body: weights }));
  await page.goto('/');
  await expect(heading(page)).toContainText('damaged', { timeout: 30_000 });
  await expect(page.getByRole('alert').filter({ hasText: 'SHA-256' })).toBeVisible();
});

// Files whose digest is right and whose header is not: a catalogue of somebody else's.
const lies: readonly (readonly [string, (header: Header) => void, RegExp])[] = [
  [
    'length',
    (header) => (header['transformer.ln_f.bias']!.data_offsets[1] += 4_000_000_000),
    /lies outside the file/,
  ],
  ['dtype', (header) => (header['transformer.ln_f.bias']!.dtype = 'F32'), /its shape says otherwise/],
  ['shape', (header) => (header['transformer.ln_f.bias']!.shape = [96, 2]), /config\.json says \[192\]/],
  [
    'size',
    (header) => (header['transformer.ln_f.bias']!.shape = [2 ** 40, 2 ** 20]),
    /its shape says otherwise/,
  ],
];
type Header = Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>;

async function serve(page: Page, weights: Buffer): Promise<void> {
  const catalogue = JSON.parse(await readFile('dist/catalogue.json', 'utf8')) as {
    models: { files: { path: string; bytes: number; sha256: string }[] }[];
  };
  const file = catalogue.models[0]!.files.find(({ path }) => path === 'model.safetensors')!;
  file.bytes = weights.length;
  file.sha256 = createHash('sha256').update(weights).digest('hex');
  await page.route('**/catalogue.json', (route) => route.fulfill({ json: catalogue }));
  await page.route('**/model.safetensors', (route) => route.fulfill({ body: weights }));
}

for (const [what, lie, message] of lies) {
  test(`a header that lies about ${what} is refused before anything is allocated`, async ({ page }) => {
    const weights = await readFile('dist/models/storyworld-2m/model.safetensors');
    const size = Number(weights.readBigUInt64LE(0));
    const header = JSON.parse(weights.subarray(8, 8 + size).toString()) as Header;
    lie(header);
    const written = Buffer.from(JSON.stringify(header));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(written.length));
    await serve(page, Buffer.concat([length, written, weights.subarray(8 + size)]));
    await page.goto('/');
    await expect(heading(page)).toContainText('damaged or not what it says', { timeout: 30_000 });
    await expect(page.getByRole('alert').filter({ hasText: message })).toBeVisible();
  });
}

test('a header longer than its file', async ({ page }) => {
  const weights = await readFile('dist/models/storyworld-2m/model.safetensors');
  weights.writeBigUInt64LE(2n ** 63n, 0);
  await serve(page, weights);
  await page.goto('/');
  await expect(page.getByRole('alert').filter({ hasText: /claims a header of/ })).toBeVisible({
    timeout: 30_000,
  });
});

test('loading can be stopped and started again, with progress in bytes', async ({ page }) => {
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route('**/model.safetensors', async (route) => {
    await held;
    await route.continue().catch(() => {});
  });
  await page.goto('/');
  await expect(page.getByRole('progressbar', { name: 'Loading' })).toBeVisible();
  await expect(page.getByText(/of 4\.9\sMB/)).toBeVisible();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(heading(page)).toContainText('Stopped as you asked');
  release();
  await page.getByRole('button', { name: 'Start again' }).click();
  await ready(page);
});
