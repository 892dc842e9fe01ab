import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize, sep } from 'node:path';

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.wasm': 'application/wasm',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
};

export interface StaticServer {
  /** Ends in `/`. */
  origin: string;
  close(): Promise<void>;
}

/** Address prefix (`/` or `/name/`) → a folder, or single files by their paths below the prefix. */
export type Mounts = Record<string, string | ReadonlyMap<string, string>>;

/**
 * Serves folders on a free port of the loopback interface, for as long as one command runs.
 * @param mounts the longest matching prefix wins
 */
export async function serveFolders(mounts: Readonly<Mounts>): Promise<StaticServer> {
  const prefixes = Object.keys(mounts).sort((a, b) => b.length - a.length);
  const server = createServer((request, response) => {
    // Another site whose name was pointed at this computer must not read along.
    if (request.headers.host !== `127.0.0.1:${(server.address() as AddressInfo).port}`)
      return void refuse(response, 403);
    const path = pathOf(request.url);
    if (path === undefined) return void refuse(response, 400);
    const prefix = prefixes.find((candidate) => path.startsWith(candidate));
    if (prefix === undefined) return void refuse(response, 404);
    const mount = mounts[prefix]!;
    const below = path.slice(prefix.length);
    if (typeof mount !== 'string') {
      const single = mount.get(below);
      return single === undefined
        ? refuse(response, 404)
        : void send(single, response, request.headers.range);
    }
    const file = normalize(join(mount, below));
    if (!file.startsWith(normalize(mount + sep))) return void refuse(response, 403);
    void send(file, response, request.headers.range);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function pathOf(url = '/'): string | undefined {
  try {
    return decodeURIComponent(new URL(url, 'http://localhost').pathname);
  } catch {
    return undefined;
  }
}

async function send(file: string, response: ServerResponse, range: string | undefined): Promise<void> {
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile()) return refuse(response, 404);
  const asked = /^bytes=(\d{1,15})-(\d{1,15})$/.exec(range ?? '');
  const [start, end] = asked ? [Number(asked[1]), Number(asked[2])] : [0, found.size - 1];
  if (asked && (start > end || end >= found.size)) return refuse(response, 416);
  response.writeHead(asked ? 206 : 200, {
    'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
    'content-length': end - start + 1,
    ...(asked && { 'content-range': `bytes ${start}-${end}/${found.size}` }),
  });
  if (found.size === 0) return void response.end();
  createReadStream(file, { start, end })
    .on('error', () => response.destroy())
    .pipe(response);
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-type': 'text/plain' });
  response.end(String(status));
}
