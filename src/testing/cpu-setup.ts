import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

// What cases ask of a worker in a browser, in Node: an origin, and the site's files below it.

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const ORIGIN = 'http://facet.test';

async function fileAt(path: string): Promise<Buffer> {
  if (path.startsWith('/@fs/')) return readFile(path.slice('/@fs'.length));
  return readFile(join(ROOT, path.startsWith('/src/') ? '' : 'public', path));
}

async function fetchFile(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  const url = new URL(input instanceof Request ? input.url : input);
  if (url.origin !== ORIGIN) throw new TypeError(`cases fetch nothing from ${url.origin}`);
  init?.signal?.throwIfAborted();
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = new Uint8Array(await fileAt(decodeURIComponent(url.pathname)));
  } catch {
    return new Response('', { status: 404 });
  }
  const range = /^bytes=(\d+)-(\d+)$/.exec(new Headers(init?.headers).get('range') ?? '');
  if (!range) return new Response(bytes);
  const [start, end] = [Number(range[1]), Number(range[2])];
  return new Response(bytes.slice(start, end + 1), {
    status: 206,
    headers: { 'content-range': `bytes ${start}-${end}/${bytes.length}` },
  });
}

Object.assign(globalThis, { self: globalThis, location: { origin: ORIGIN }, fetch: fetchFile });
