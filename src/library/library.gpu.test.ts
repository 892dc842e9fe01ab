import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import type { HubControl, LoggedRequest } from '../testing/test-hub.ts';
import { type LibraryClient, startLibrary } from './client.ts';
import type { FileSet } from './protocol.ts';

// The library as the page has it: its worker, OPFS, Web Locks, and a hub on another origin that answers with CORS and
// redirects to a third. No GPU is needed; a browser is.
const hub = inject('hub');
const repo = 'tiny/model';
const BYTES = 3_000_000;
let library: LibraryClient;

async function control(what: HubControl): Promise<LoggedRequest[]> {
  const response = await fetch(`${hub}/control`, { method: 'POST', body: JSON.stringify(what) });
  return (await response.json()) as LoggedRequest[];
}

async function start(): Promise<LibraryClient> {
  const started = startLibrary();
  await started.configure({ endpoint: hub });
  return started;
}

async function opfs(): Promise<FileSystemDirectoryHandle> {
  return (await navigator.storage.getDirectory()).getDirectoryHandle('library', { create: true });
}

async function revision(): Promise<string> {
  return (await library.look({ repo })).revision;
}

async function fetchWeights(
  from = library,
  signal?: AbortSignal,
  onDone?: (done: number) => void,
): Promise<FileSet> {
  const request = { repo, revision: await revision(), paths: ['config.json', 'model.safetensors'] };
  return from.fetch(request, { signal, onProgress: ({ done }) => onDone?.(done) });
}

async function expectWeights(set: FileSet): Promise<void> {
  const blob = set.files.find(({ path }) => path === 'model.safetensors')!.blob;
  const bytes = new Uint8Array(await blob.arrayBuffer());
  expect(bytes.length).toBe(BYTES);
  expect(bytes.findIndex((byte, i) => byte !== (i * 31) % 251)).toBe(-1);
}

beforeEach(async () => {
  await (await navigator.storage.getDirectory()).removeEntry('library', { recursive: true }).catch(() => {});
  await control({ reset: true });
  library = await start();
});
afterEach(() => library.dispose());

test('downloads into OPFS by simple requests, without a preflight, and opens without a network', async () => {
  const set = await fetchWeights();
  await expectWeights(set);
  const log = await control({});
  expect(log.map(({ method }) => method)).not.toContain('OPTIONS');
  expect(log.filter(({ server }) => server === 'cdn').map(({ range }) => range)).toEqual(['bytes=0-']);
  const next = await start();
  await next.configure({ endpoint: 'http://127.0.0.1:9' });
  await expectWeights(await next.open(set.id));
  const [stored] = await next.stored();
  expect(stored).toMatchObject({ id: set.id, durable: true, partialBytes: 0, problem: undefined });
  expect(await next.verify(set.id)).toEqual({ sound: ['config.json', 'model.safetensors'], damaged: [] });
  await next.remove(set.id);
  expect(await next.stored()).toEqual([]);
  next.dispose();
});

test('goes on with what a closed page left', async () => {
  await control({ fault: { path: `${repo}/model.safetensors`, kind: 'stall' } });
  let arrived = 0;
  const closed = fetchWeights(library, undefined, (done) => {
    arrived = done;
  });
  await expect.poll(() => arrived).toBeGreaterThan(BYTES / 4);
  library.dispose();
  await expect(closed).rejects.toMatchObject({ code: 'cancelled' });
  await control({ reset: true });
  library = await start();
  // The browser lets go of the dead worker's file in its own time.
  const part = async (): Promise<number> => (await library.stored())[0]?.partialBytes ?? 0;
  await expect.poll(part).toBeGreaterThan(0);
  const bytes = await part();
  await expectWeights(await fetchWeights());
  const [first] = (await control({})).filter(({ server }) => server === 'cdn');
  expect(first!.range).toBe(`bytes=${bytes}-`);
});

test('cancelling keeps the part', async () => {
  await control({ fault: { path: `${repo}/model.safetensors`, kind: 'stall', times: 1 } });
  const stop = new AbortController();
  const call = fetchWeights(library, stop.signal, (done) => done >= BYTES / 2 && stop.abort());
  await expect(call).rejects.toMatchObject({ code: 'cancelled' });
  await expectWeights(await fetchWeights());
  const ranges = (await control({})).filter(({ server }) => server === 'cdn').map(({ range }) => range);
  expect(ranges).toEqual(['bytes=0-', `bytes=${BYTES / 2}-`]);
});

test('headers that a page may not read: the digest decides', async () => {
  const path = `${repo}/model.safetensors`;
  await control({ fault: { path, kind: 'short', times: 1 } });
  await control({ fault: { path, kind: 'hidden' } });
  await expectWeights(await fetchWeights());
  const ranges = (await control({})).filter(({ server }) => server === 'cdn').map(({ range }) => range);
  expect(ranges).toEqual(['bytes=0-', `bytes=${BYTES / 2}-`]);
});

test('two pages that want the same set download it once', async () => {
  const other = await start();
  const [mine, theirs] = await Promise.all([fetchWeights(library), fetchWeights(other)]);
  await expectWeights(mine);
  await expectWeights(theirs);
  expect((await control({})).filter(({ server }) => server === 'cdn')).toHaveLength(1);
  other.dispose();
});

test('the token goes to the hub, and not where it redirects to', async () => {
  const token = 'hf_secretsecret';
  await control({ gate: { repo, token } });
  const refused = await fetchWeights().catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: 'no-access', hint: expect.stringContaining('token') });
  await library.configure({ token });
  await expectWeights(await fetchWeights());
  const log = await control({});
  const files = log.filter(({ path, method }) => path.includes('model.safetensors') && method === 'GET');
  expect(files.filter(({ server }) => server === 'hub').at(-1)!.authorization).toBe(`Bearer ${token}`);
  expect(files.filter(({ server }) => server === 'cdn').map(({ authorization }) => authorization)).toEqual([
    undefined,
  ]);
});

test.each(['no-cors', 'mute-origin'] as const)('a server that lets no page read: %s', async (kind) => {
  if (kind === 'no-cors') await control({ fault: { path: `api/${repo}`, kind } });
  else await library.configure({ endpoint: 'http://127.0.0.1:9' });
  await expect(library.look({ repo })).rejects.toMatchObject({
    code: 'network',
    hint: expect.stringContaining('CORS'),
  });
});

test('files of the visitor are copied, and found again', async () => {
  const files = [
    { path: 'config.json', file: new File(['{}'], 'config.json') },
    { path: 'model.safetensors', file: new File([new Uint8Array(9_000_000).fill(7)], 'model.safetensors') },
  ];
  const phases = new Set<string>();
  const set = await library.importFiles(
    { files, keep: true, title: 'mine' },
    { onProgress: ({ phase }) => phases.add(phase) },
  );
  expect(set.id).toMatch(/^local:[0-9a-f]{16}$/);
  expect([...phases]).toEqual(['hash', 'copy']);
  const opened = await library.open(set.id);
  expect(opened.files.map(({ path, blob }) => [path, blob.size])).toEqual([
    ['config.json', 2],
    ['model.safetensors', 9_000_000],
  ]);
  expect((await library.stored())[0]).toMatchObject({ title: 'mine', bytes: expect.any(Number) });
});

test('a file system full of rubbish', async () => {
  const root = await opfs();
  await root.getDirectoryHandle('not a set', { create: true });
  await root.getFileHandle('a file', { create: true });
  await (
    await root.getDirectoryHandle('0'.repeat(32), { create: true })
  ).getDirectoryHandle('folder', { create: true });
  const odd = await root.getDirectoryHandle('1'.repeat(32), { create: true });
  await odd.getDirectoryHandle('manifest.json', { create: true });
  const set = await fetchWeights();
  const stored = await library.stored();
  expect(stored.some(({ id }) => id === set.id)).toBe(true);
  for (const { id } of stored) await library.remove(id);
  expect((await library.stored()).some(({ id }) => id === set.id)).toBe(false);
});

test('usage, and asking to be kept', async () => {
  await fetchWeights();
  const usage = await library.usage();
  expect(usage.durable).toBe(true);
  expect(usage.usage).toBeGreaterThan(BYTES);
  expect(usage.quota).toBeGreaterThan(usage.usage);
  expect(typeof (await library.persist()).persisted).toBe('boolean');
});

test('a browser without OPFS keeps files in memory, and says so', async () => {
  // A file in the place of the library's folder has the same effect.
  const origin = await navigator.storage.getDirectory();
  library.dispose();
  await origin.removeEntry('library', { recursive: true }).catch(() => {});
  await origin.getFileHandle('library', { create: true });
  library = await start();
  await expectWeights(await fetchWeights());
  expect(await library.usage()).toMatchObject({ durable: false });
  expect((await library.stored())[0]).toMatchObject({ durable: false });
  await origin.removeEntry('library');
});
