import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { open, ready, tokens } from './support.ts';

test.use({ serviceWorkers: 'allow' });

// A host of its own, at a path below its root: these tests change what it serves.
const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };
let dist: string;
let server: Server;
let site: string;
const asked: string[] = [];

test.beforeEach(async () => {
  dist = await mkdtemp(join(tmpdir(), 'facet-dist-'));
  await cp('dist', dist, { recursive: true });
  server = createServer((request, response) => {
    const path = new URL(request.url!, 'http://x').pathname.replace(/^\/some\/where\//, '');
    asked.push(path);
    readFile(join(dist, path || 'index.html')).then(
      (bytes) => {
        const type = TYPES[extname(path || 'index.html')] ?? 'application/octet-stream';
        response.writeHead(200, { 'content-type': type, 'cache-control': 'no-cache' }).end(bytes);
      },
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  site = `http://127.0.0.1:${(server.address() as AddressInfo).port}/some/where/`;
  asked.length = 0;
});
test.afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(dist, { recursive: true });
});

const cached = (page: Page): Promise<string[]> =>
  page.evaluate(async () => {
    const names = await caches.keys();
    const all = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
    return all.flat().map(({ url }) => url);
  });
const shells = (page: Page): Promise<string[]> =>
  page.evaluate(async () => (await caches.keys()).filter((name) => name.startsWith('facet-shell-')));

/** As a visitor's first visit, to its end. */
async function visited(page: Page): Promise<void> {
  await page.goto(site);
  await ready(page);
  // The page registers its service worker by itself, once it has nothing better to do.
  await expect(async () => {
    const kept = await cached(page);
    expect(kept.filter((url) => url.includes('?sha256='))).toHaveLength(7);
  }).toPass();
}

/** Replaces what is served by the same with other names, and with a mark that a page can be told by. */
async function anotherBuild(): Promise<void> {
  const assets = await readdir(join(dist, 'assets'));
  const renamed = assets.filter((name) => name.endsWith('.js'));
  const files = ['index.html', 'sw.js', ...renamed.map((name) => `assets/${name}`)];
  for (const file of files) {
    let text = await readFile(join(dist, file), 'utf8');
    for (const name of renamed) text = text.replaceAll(name, `new-${name}`);
    if (file.startsWith('assets/index-')) text = `globalThis.newBuild = true;\n${text}`;
    await rm(join(dist, file));
    const target = file.replace('assets/', 'assets/new-');
    await writeFile(join(dist, target), text.replace(/"version":"\w+"/, '"version":"new"'));
  }
}

test('the second visit needs no network', async ({ page, context }) => {
  await visited(page);
  await context.setOffline(true);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  asked.length = 0;
  await page.goto('about:blank');
  await page.goto(site);
  await ready(page);
  expect(await tokens(page).count()).toBeGreaterThan(5);
  expect(asked).toEqual([]);
});

test('nothing is kept that was not asked for, and damaged files never', async ({ page }) => {
  const weights = await readFile(join(dist, 'models/storyworld-2m/config.json'));
  await visited(page);
  const kept = await cached(page);
  expect(kept.some((url) => url.includes('hook_resid_post'))).toBe(false);
  expect(kept.some((url) => url.includes('headless'))).toBe(false);
  // A file whose content is not what the catalogue says is handed on, for the page to complain, but not kept.
  await page.evaluate(async () => {
    for (const name of await caches.keys()) {
      const cache = await caches.open(name);
      for (const { url } of await cache.keys()) if (url.includes('/config.json?')) await cache.delete(url);
    }
  });
  await writeFile(join(dist, 'models/storyworld-2m/config.json'), weights.subarray(1));
  await page.evaluate(() =>
    fetch('./models/storyworld-2m/config.json', { cache: 'reload' }).then((response) => response.text()),
  );
  expect((await cached(page)).some((url) => url.includes('/config.json?'))).toBe(false);
});

const isNew = (page: Page): Promise<boolean> => page.evaluate(() => 'newBuild' in globalThis);
const update = (page: Page): Promise<void> =>
  page.evaluate(async () => void (await (await navigator.serviceWorker.ready).update()));

test('an open page is told of a new build, opens it on demand, and keeps nothing of the old one', async ({
  page,
  context,
}) => {
  await visited(page);
  const [before] = await shells(page);
  await anotherBuild();
  await update(page);
  const offer = page.getByRole('button', { name: 'Open it' });
  await expect(offer).toBeVisible();
  expect(await isNew(page)).toBe(false);
  expect((await shells(page)).sort()).toEqual([before!, 'facet-shell-new'].sort());
  await offer.click();
  await expect.poll(() => isNew(page).catch(() => false)).toBe(true);
  await ready(page);
  expect(await shells(page)).toEqual(['facet-shell-new']);
  await expect(offer).toBeHidden();
  await context.setOffline(true);
  await page.reload();
  await ready(page);
  expect(await isNew(page)).toBe(true);
});

test('nobody is held at an old build: the next visit has the new one, and is offered nothing', async ({
  page,
}) => {
  await visited(page);
  await anotherBuild();
  await page.reload();
  await ready(page);
  expect(await isNew(page)).toBe(true);
  await update(page);
  const waiting = () => page.evaluate(async () => (await navigator.serviceWorker.ready).waiting?.state);
  await expect.poll(waiting).toBe('installed');
  await expect(page.getByRole('button', { name: 'Open it' })).toBeHidden();
});

test('other sites are none of its business', async ({ page }) => {
  await visited(page);
  await page.reload();
  await ready(page);
  const before = await cached(page);
  await page.evaluate((elsewhere) => fetch(elsewhere).catch(() => {}), site.replace('/some/where/', '/else'));
  expect(await cached(page)).toEqual(before);
  await open(page);
});
