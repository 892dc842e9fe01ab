/**
 * Lets the page open without a network. One classic script without imports, at the root of the site (`sw.js`), built
 * with the list of the built files in it (`scripts/vite-plugins.ts`).
 *
 * - Built files have a digest in their names: from the cache, always.
 * - The page, its catalogue and icon: from the network when it answers, so that nobody is held at an old version;
 *   else from the cache.
 * - Files that the catalogue lists: from the cache when their digest is the catalogue's.
 * - Anything else, and any other site: left alone.
 */
declare const self: ServiceWorkerGlobalScope;
/** Put in by the build: a digest over the built files, and their addresses relative to the page. */
declare const BUILD: { version: string; files: string[] };

interface Catalogue {
  models?: Bundle[];
}
interface Bundle {
  base: string;
  files: { path: string; bytes: number; sha256: string }[];
  dictionaries?: Bundle[];
}

const PREFIX = 'facet-shell-';
const SHELL = PREFIX + BUILD.version;
const BUNDLED = 'facet-bundled';
const CATALOGUE = 'catalogue.json';
/** '' is the page itself. */
const CHANGING = ['', CATALOGUE, 'icon.svg'];
/** The page must not wait for a network that is not really there. */
const PATIENCE_MS = 4000;
/** Larger files are for the library, which keeps them on disk and goes on where it stopped. */
const LARGEST = 64_000_000;

const scope = self.registration.scope;
const address = (path: string): string => new URL(path, scope).href;

self.addEventListener('install', (event) => event.waitUntil(install()));
self.addEventListener('activate', (event) => event.waitUntil(activate()));
self.addEventListener('message', (event: ExtendableMessageEvent) => {
  const asked = event.data as { activate?: true; keepOpening?: true; includes?: string };
  if (asked.activate) event.waitUntil(self.skipWaiting());
  // Not part of the activation, during which every request of the page has to wait.
  if (asked.keepOpening) event.waitUntil(keepOpening());
  // Whether a script belongs to this version.
  if (asked.includes)
    event.ports[0]?.postMessage(BUILD.files.some((path) => address(path) === asked.includes));
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const [url = ''] = request.url.split(/[?#]/, 1);
  if (request.method !== 'GET' || !url.startsWith(scope) || request.headers.has('range')) return;
  const path = url.slice(scope.length);
  if (request.mode === 'navigate') {
    if (path === '' || path === 'index.html') event.respondWith(freshOrKept('', request));
  } else if (BUILD.files.includes(path)) event.respondWith(built(path, request));
  else if (CHANGING.includes(path)) event.respondWith(freshOrKept(path, request));
  else if (/^(?:models|dictionaries)\//.test(path)) event.respondWith(bundled(event, path));
});

async function install(): Promise<void> {
  const shell = await caches.open(SHELL);
  // What the page has just loaded is taken from the browser's cache. All or nothing: one file that fails is no install.
  await shell.addAll([
    ...BUILD.files.map((path) => new Request(address(path), { cache: 'force-cache' })),
    ...CHANGING.map((path) => new Request(address(path), { cache: 'no-cache' })),
  ]);
}

async function activate(): Promise<void> {
  for (const name of await caches.keys())
    if (name.startsWith(PREFIX) && name !== SHELL) await caches.delete(name);
  // The catalogue that came with this version is the newest there is.
  const cache = await caches.open(BUNDLED);
  const catalogue = await (await caches.open(SHELL)).match(address(CATALOGUE));
  if (catalogue) await cache.put(address(CATALOGUE), catalogue);
  const wanted = new Set(listed(await currentCatalogue()).map(({ key }) => key));
  for (const { url } of await cache.keys())
    if (url !== address(CATALOGUE) && !wanted.has(url)) await cache.delete(url);
  await self.clients.claim();
}

/** Keeps what the page opens with: it loaded that before there was a service worker. */
async function keepOpening(): Promise<void> {
  const [first] = (await currentCatalogue()).models ?? [];
  if (!first) return;
  const cache = await caches.open(BUNDLED);
  for (const { path, key, bytes } of listed({
    models: [{ ...first, dictionaries: first.dictionaries?.slice(0, 1) }],
  })) {
    if (bytes > LARGEST || (await cache.match(key))) continue;
    const response = await fetch(address(path), { cache: 'force-cache' }).catch(() => undefined);
    if (response?.ok) await keep(key, response);
  }
}

async function built(path: string, request: Request): Promise<Response> {
  return (await (await caches.open(SHELL)).match(address(path))) ?? fetch(request);
}

async function freshOrKept(path: string, request: Request): Promise<Response> {
  const late = new Promise<undefined>((resolve) => setTimeout(resolve, PATIENCE_MS));
  const asked = fetch(request);
  const response = await Promise.race([asked, late]).catch(() => undefined);
  if (response && response.status < 500) {
    // Files are looked up by the digests of the catalogue that the page was given.
    if (path === CATALOGUE && response.ok)
      await (await caches.open(BUNDLED)).put(address(path), response.clone());
    return response;
  }
  const kept =
    path === CATALOGUE ? await keptCatalogue() : await (await caches.open(SHELL)).match(address(path));
  return kept ?? response ?? asked;
}

async function bundled(event: FetchEvent, path: string): Promise<Response> {
  const entry = listed(await currentCatalogue()).find((file) => file.path === path);
  if (!entry || entry.bytes > LARGEST) return fetch(event.request);
  const kept = await (await caches.open(BUNDLED)).match(entry.key);
  if (kept) return kept;
  const response = await fetch(event.request);
  if (response.ok) event.waitUntil(keep(entry.key, response.clone()));
  return response;
}

/** @param key address with the digest that the content must have */
async function keep(key: string, response: Response): Promise<void> {
  try {
    const bytes = await response.clone().arrayBuffer();
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
    if (key.endsWith(`sha256=${hex}`)) await (await caches.open(BUNDLED)).put(key, response);
  } catch {
    // A full disk: the page works on, with a network.
  }
}

/** Every file of a catalogue, with the address under which it is kept. */
function listed(catalogue: Catalogue): { path: string; key: string; bytes: number }[] {
  const bundles = (catalogue.models ?? []).flatMap((model) => [model, ...(model.dictionaries ?? [])]);
  return bundles.flatMap(({ base, files }) =>
    files.map((file) => {
      const path = `${base.replace(/\/$/, '')}/${file.path}`;
      return { path, bytes: file.bytes, key: `${address(path)}?sha256=${file.sha256}` };
    }),
  );
}

async function keptCatalogue(): Promise<Response | undefined> {
  const last = await (await caches.open(BUNDLED)).match(address(CATALOGUE));
  return last ?? (await caches.open(SHELL)).match(address(CATALOGUE));
}

/** Empty when there is none that can be read: nothing is kept then. */
async function currentCatalogue(): Promise<Catalogue> {
  try {
    return (await (await keptCatalogue())!.json()) as Catalogue;
  } catch {
    return {};
  }
}

// A module for the compiler, which would else mix its `self` with the page's; nothing of it is built.
// oxlint-disable-next-line unicorn/require-module-specifiers
export {};
