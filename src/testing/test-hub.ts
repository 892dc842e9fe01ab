import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

/**
 * What a server may do wrong.
 * - a number: that HTTP status (429 comes with `Retry-After: 1`, or what `retryAfter` says)
 * - `stall`: half of it, then silence; `mute`: not even headers
 * - `drop`: half of it, then the connection breaks; `short`: half of it, then a clean end
 * - `long`: more than there is; `other-size`: another file of another size
 * - `changed`: other content of the same size, with another ETag; `swapped`: with the same ETag
 * - `no-range`: always the whole file; `no-range-drop`: half of the whole file, then the connection breaks;
 * - `wrong-range`: another part than asked for, and says so
 * - `hidden`: answers rightly, but lets a page read no headers; `no-cors`: lets a page read nothing
 * - `no-etag`: without ETag; `bare`: without ETag and Content-Range
 */
export type Fault =
  | number
  | 'stall'
  | 'mute'
  | 'drop'
  | 'short'
  | 'long'
  | 'other-size'
  | 'changed'
  | 'swapped'
  | 'no-range'
  | 'no-range-drop'
  | 'wrong-range'
  | 'hidden'
  | 'no-cors'
  | 'no-etag'
  | 'bare';

export interface LoggedRequest {
  /** `hub` and `cdn` are different origins, as on the real one. */
  server: 'hub' | 'cdn';
  method: string;
  path: string;
  range?: string;
  authorization?: string;
}

export interface TestHub {
  /** Address to configure as endpoint. */
  origin: string;
  /** Where large files are redirected to. */
  cdn: string;
  log: LoggedRequest[];
  /**
   * @param path `owner/name/file` for a file, `api/owner/name` for the answers about a repository
   * @param times how often; default for ever. Faults of one path are played in the order they were given.
   */
  fault(path: string, kind: Fault, options?: { times?: number; retryAfter?: string }): void;
  /** Takes all faults back, forgets the log and the tokens. */
  reset(): void;
  /** Files of this repository need this token. */
  gate(repo: string, token: string): void;
  /** Commit of a repository as it is on disk now: changes with any file. */
  commit(repo: string): string;
  close(): Promise<void>;
}

export interface HubOptions {
  /** Holds `owner/name/…` folders, read anew for each request. */
  root: string;
  port?: number;
  /** Files from this size on are in "large file storage": redirected to the CDN, listed with a SHA-256. Default 1000. */
  largeBytes?: number;
  /** Entries a page of the tree listing. Default 1000. */
  pageSize?: number;
  /** A mirror that does not know `?blobs=true`: no sizes in the first answer. */
  noBlobs?: boolean;
  /** A mirror that lists no digests. */
  noDigests?: boolean;
}

interface Planned {
  kind: Fault;
  left: number;
  retryAfter: string;
}

const EXPOSED =
  'ETag, Link, Accept-Ranges, Content-Range, Retry-After, X-Linked-Size, X-Linked-ETag, X-Repo-Commit';

/** What `POST /control` takes, for tests in a browser; `GET /control` answers with the log. */
export interface HubControl {
  reset?: boolean;
  fault?: { path: string; kind: Fault; times?: number };
  gate?: { repo: string; token: string };
}

/**
 * A hub for tests: the parts of Hugging Face's API that the library uses, over a folder, with redirects of large files
 * to another origin, CORS as it is there (the CDN refuses preflights), and faults on demand.
 * @source https://huggingface.co/docs/hub/api; behaviour of redirects and preflights: huggingface/datasets #7931
 */
export async function startHub({
  root,
  port = 0,
  largeBytes = 1000,
  pageSize = 1000,
  noBlobs = false,
  noDigests = false,
}: HubOptions): Promise<TestHub> {
  const log: LoggedRequest[] = [];
  const faults = new Map<string, Planned[]>();
  const tokens = new Map<string, string>();

  const hub = createServer((request, response) => void answer('hub', request, response));
  const cdn = createServer((request, response) => void answer('cdn', request, response));
  const origins = { hub: await listen(hub, port), cdn: await listen(cdn, 0) };

  /** The fault to play now, if any. */
  function next(path: string): Planned | undefined {
    const planned = faults.get(path)?.find(({ left }) => left > 0);
    if (planned) planned.left--;
    return planned;
  }

  function answer(server: 'hub' | 'cdn', request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', origins[server]);
    const { range, authorization } = request.headers;
    if (url.pathname === '/control') return void controlled(request, response);
    log.push({ server, method: request.method ?? '', path: url.pathname + url.search, range, authorization });
    response.setHeader('access-control-allow-origin', '*');
    response.setHeader('access-control-expose-headers', EXPOSED);
    if (request.method === 'OPTIONS') {
      if (server === 'cdn') return end(response, 403);
      response.setHeader('access-control-allow-headers', 'authorization, range');
      response.setHeader('access-control-allow-methods', 'GET');
      return end(response, 204);
    }
    if (request.method !== 'GET') return end(response, 405);
    const parts = url.pathname.slice(1).split('/').map(decodeURIComponent);
    if (parts[0] === 'api') return api(parts, url, response);
    if (parts[0] === 'redirected') return file(parts.slice(1).join('/'), request, response);
    const [owner, name, resolve, revision, ...rest] = parts;
    const repo = `${owner}/${name}`;
    if (resolve !== 'resolve' || !isRevision(repo, revision)) return end(response, 404);
    const wanted = tokens.get(repo);
    if (wanted && authorization !== `Bearer ${wanted}`) return end(response, authorization ? 403 : 401);
    const path = `${repo}/${rest.join('/')}`;
    const found = join(root, path);
    if (!existsSync(found) || !statSync(found).isFile()) return end(response, 404);
    if (statSync(found).size < largeBytes) return file(path, request, response);
    response.setHeader('location', `${origins.cdn}/redirected/${path}?signature=once`);
    end(response, 302);
  }

  function isRevision(repo: string, revision: string | undefined): boolean {
    return existsSync(join(root, repo)) && (revision === 'main' || revision === commit(repo));
  }

  function commit(repo: string): string {
    const digest = createHash('sha1');
    for (const path of walk(join(root, repo)))
      digest.update(path).update(readFileSync(join(root, repo, path)));
    return digest.digest('hex');
  }

  /** What one file is called and how large it is, in either listing. */
  function entry(repo: string, path: string): { size: number; oid?: string; lfs?: { sha256: string } } {
    const bytes = readFileSync(join(root, repo, path));
    if (noDigests) return { size: bytes.length };
    const git = (content: Buffer): string =>
      createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
    if (bytes.length < largeBytes) return { size: bytes.length, oid: git(bytes) };
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    return { size: bytes.length, oid: git(Buffer.from(sha256)), lfs: { sha256 } };
  }

  function api(parts: string[], url: URL, response: ServerResponse): void {
    const [, models, owner, name, what, revision] = parts;
    const repo = `${owner}/${name}`;
    const planned = next(`api/${repo}`);
    if (planned && broken(planned, response)) return;
    if (models !== 'models' || !isRevision(repo, revision)) return end(response, 404);
    const paths = walk(join(root, repo));
    if (what === 'revision') {
      const siblings = paths.map((path) => {
        if (noBlobs || !url.searchParams.has('blobs')) return { rfilename: path };
        const { size, oid, lfs } = entry(repo, path);
        return { rfilename: path, size, blobId: oid, lfs: lfs && { ...lfs, size, pointerSize: 130 } };
      });
      const gated = tokens.has(repo) && 'auto';
      const sha = commit(repo);
      return json(response, {
        id: repo,
        sha,
        gated,
        tags: ['license:mit'],
        siblings,
        cardData: { license: 'mit' },
      });
    }
    if (what !== 'tree') return end(response, 404);
    const from = Number(url.searchParams.get('cursor') ?? 0);
    if (from + pageSize < paths.length) {
      url.searchParams.set('cursor', String(from + pageSize));
      response.setHeader('link', `<${url.href}>; rel="next"`);
    }
    const page = paths.slice(from, from + pageSize).map((path) => {
      const { size, oid, lfs } = entry(repo, path);
      return { type: 'file', path, size, oid, lfs: lfs && { oid: lfs.sha256, size, pointerSize: 130 } };
    });
    json(response, [{ type: 'directory', path: 'folder', size: 0, oid: '0' }, ...page]);
  }

  function file(path: string, request: IncomingMessage, response: ServerResponse): void {
    const planned = next(path);
    if (planned && broken(planned, response)) return;
    const kind = planned?.kind;
    let bytes: Buffer = readFileSync(join(root, path));
    const etag = createHash('md5').update(bytes).digest('hex');
    if (kind === 'changed' || kind === 'swapped') bytes = Buffer.from(bytes.map((byte) => byte ^ 0x55));
    if (kind === 'other-size') bytes = Buffer.concat([bytes, bytes]);
    if (kind !== 'no-etag' && kind !== 'bare')
      response.setHeader('etag', `"${kind === 'changed' ? 'changed' : etag}"`);
    if (kind === 'hidden') response.removeHeader('access-control-expose-headers');
    const asked = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    let from = 0;
    if (asked && kind !== 'no-range' && kind !== 'no-range-drop' && kind !== 'long') {
      from = Number(asked[1]);
      if (kind === 'wrong-range') from = from > 0 ? from - 1 : 1;
      if (from >= bytes.length) return end(response, 416);
      response.statusCode = 206;
      if (kind !== 'bare')
        response.setHeader('content-range', `bytes ${from}-${bytes.length - 1}/${bytes.length}`);
    }
    const body = bytes.subarray(from);
    if (kind !== 'short' && kind !== 'long') response.setHeader('content-length', body.length);
    response.setHeader('content-type', 'application/octet-stream');
    const half = body.subarray(0, Math.ceil(body.length / 2));
    if (kind === 'stall') return void response.write(half);
    if (kind === 'short') return void response.end(half);
    if (kind === 'drop' || kind === 'no-range-drop')
      return void response.write(half, () => response.socket?.destroySoon());
    if (kind === 'long') return void response.write(body, () => response.end(body));
    response.end(body);
  }

  /** Faults that need no content. @returns whether the answer is given */
  function broken({ kind, retryAfter }: Planned, response: ServerResponse): boolean {
    if (kind === 'mute') return true;
    if (kind === 'no-cors') response.removeHeader('access-control-allow-origin');
    if (typeof kind !== 'number') return false;
    if (kind === 429) response.setHeader('retry-after', retryAfter);
    end(response, kind);
    return true;
  }

  async function controlled(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('access-control-allow-origin', '*');
    if (request.method === 'POST') {
      const { reset, fault, gate } = JSON.parse(await text(request)) as HubControl;
      if (reset) made.reset();
      if (fault) made.fault(fault.path, fault.kind, fault);
      if (gate) made.gate(gate.repo, gate.token);
    }
    json(response, log);
  }

  const made: TestHub = {
    origin: origins.hub,
    cdn: origins.cdn,
    log,
    fault: (path, kind, { times = Infinity, retryAfter = '1' } = {}) => {
      faults.set(path, [...(faults.get(path) ?? []), { kind, left: times, retryAfter }]);
    },
    reset: () => {
      faults.clear();
      tokens.clear();
      log.length = 0;
    },
    gate: (repo, token) => void tokens.set(repo, token),
    commit,
    close: async () => {
      for (const server of [hub, cdn]) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    },
  };
  return made;
}

async function listen(server: Server, port: number): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Paths of the files below a folder, sorted. */
function walk(folder: string, prefix = ''): string[] {
  return readdirSync(join(folder, prefix), { withFileTypes: true })
    .flatMap((each) => {
      const path = prefix ? `${prefix}/${each.name}` : each.name;
      return each.isDirectory() ? walk(folder, path) : [path];
    })
    .sort();
}

function end(response: ServerResponse, status: number): void {
  response.statusCode = status;
  response.end(status >= 400 ? `{"error":"${status}"}` : undefined);
}

function json(response: ServerResponse, value: unknown): void {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(value));
}
