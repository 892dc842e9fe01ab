import * as v from 'valibot';
import { FacetError } from '../shared/errors.ts';
import type { ListedFile, Listing } from './protocol.ts';
import { checkRepo, checkRevision, isCommit, isPlainPath } from './set-id.ts';
import { cancelled, formatSize, isPassing, refused, retryAfter, stalled, unreachable } from './troubles.ts';

export const DEFAULT_ENDPOINT = 'https://huggingface.co';

/** How long to wait and how often to try; tests are less patient. */
export interface Patience {
  /** Without a byte, before a connection counts as stalled. */
  stallMs: number;
  /** Attempts in a row that bring nothing new. */
  attempts: number;
  /** Before the second attempt; doubled for each further one. */
  backoffMs: number;
  /** The longest `Retry-After` that is waited for. */
  longestWaitMs: number;
}

export const DEFAULT_PATIENCE: Patience = {
  stallMs: 30_000,
  attempts: 5,
  backoffMs: 1000,
  longestWaitMs: 30_000,
};

/** Of one answer of the API. A repository of 10,000 files takes about 4 MB. */
const ANSWER_LIMIT = 20_000_000;
const FILE_LIMIT = 50_000;
const PAGE_LIMIT = 60;

const text = v.pipe(v.string(), v.maxLength(2000));
const size = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const lfs = v.nullish(v.object({ sha256: v.optional(text), oid: v.optional(text), size: v.optional(size) }));
const infoSchema = v.object({
  id: v.optional(text),
  sha: text,
  gated: v.optional(v.union([v.boolean(), text])),
  tags: v.optional(v.pipe(v.array(v.unknown()), v.maxLength(10_000))),
  cardData: v.nullish(v.object({ license: v.optional(v.unknown()) })),
  siblings: v.optional(
    v.pipe(
      v.array(v.object({ rfilename: text, size: v.nullish(size), blobId: v.nullish(text), lfs })),
      v.maxLength(FILE_LIMIT),
    ),
  ),
});
const treeSchema = v.pipe(
  v.array(v.object({ type: text, path: text, size: v.nullish(size), oid: v.nullish(text), lfs })),
  v.maxLength(FILE_LIMIT),
);

/**
 * A hub that speaks Hugging Face's API. Plain GET requests, without custom headers unless there is a token, so that
 * browsers need no preflight.
 * @source https://huggingface.co/docs/hub/api, `GET /api/models/{repo_id}/revision/{revision}` and `…/tree/…`
 */
export class Hub {
  readonly #token?: string;

  /** @throws FacetError `bad-input` for an address that is not `https:`, or `http:` on this computer */
  constructor(
    readonly endpoint: string = DEFAULT_ENDPOINT,
    token?: string,
    readonly patience: Patience = DEFAULT_PATIENCE,
  ) {
    this.endpoint = checkEndpoint(endpoint);
    this.#token = token;
  }

  get hasToken(): boolean {
    return this.#token !== undefined;
  }

  /** Address of one file, for `get`. */
  fileUrl(repo: string, revision: string, path: string): URL {
    const encoded = path.split('/').map(encodeURIComponent).join('/');
    return new URL(`${this.endpoint}/${repo}/resolve/${encodeURIComponent(revision)}/${encoded}`);
  }

  /**
   * The token goes to the endpoint's own origin only: on a redirect to another one, browsers take `Authorization` away
   * (Fetch standard, HTTP-redirect fetch, step 13; Chrome 119, Firefox 111, Safari 16.1).
   */
  get(url: URL, signal: AbortSignal, headers: Record<string, string> = {}): Promise<Response> {
    if (url.origin !== new URL(this.endpoint).origin)
      throw new FacetError('bug', 'not an address of the hub');
    if (this.#token !== undefined) headers = { ...headers, authorization: `Bearer ${this.#token}` };
    // A cache would keep a second copy of every weight, and answer a changed file with the old one.
    return fetch(url, {
      headers,
      signal,
      credentials: 'omit',
      cache: 'no-store',
      referrerPolicy: 'no-referrer',
    });
  }

  /** @throws FacetError `bad-input`, `not-found`, `network`, `bad-file`, `cancelled` */
  async look(repo: string, revision = 'main', signal: AbortSignal): Promise<Listing> {
    const asked = checkRepo(repo, true);
    const wanted = checkRevision(revision);
    const what = `The repository ${asked}${wanted === 'main' ? '' : ` at ${wanted}`}`;
    const url = new URL(
      `${this.endpoint}/api/models/${asked}/revision/${encodeURIComponent(wanted)}?blobs=true`,
    );
    const info = check(infoSchema, (await this.#json(url, what, signal)).json, what);
    if (!isCommit(info.sha)) throw oddAnswer(what, 'it names no commit');
    if (isCommit(wanted) && info.sha !== wanted) throw oddAnswer(what, `it is for the commit ${info.sha}`);
    const name = checkRepo(info.id ?? asked, info.id === undefined);
    const siblings = info.siblings ?? [];
    // Mirrors may not know `blobs`, without which there are no sizes.
    const files = siblings.some((file) => file.size == null && file.lfs?.size === undefined)
      ? await this.#tree(name, info.sha, what, signal)
      : siblings.flatMap((file) => listed(file.rfilename, file.size, file.blobId, file.lfs));
    const tags = (info.tags ?? []).filter((tag) => typeof tag === 'string').map((tag) => tag.slice(0, 200));
    const license = info.cardData?.license ?? tags.find((tag) => tag.startsWith('license:'))?.slice(8);
    return {
      repo: name,
      revision: info.sha,
      files: files.sort((a, b) => (a.path < b.path ? -1 : 1)),
      license: typeof license === 'string' ? license.slice(0, 200) : undefined,
      gated: info.gated !== undefined && info.gated !== false && info.gated !== 'false',
      tags,
    };
  }

  async #tree(repo: string, revision: string, what: string, signal: AbortSignal): Promise<ListedFile[]> {
    const files: ListedFile[] = [];
    let next: URL | undefined = new URL(
      `${this.endpoint}/api/models/${repo}/tree/${revision}?recursive=true`,
    );
    for (let page = 0; next; page++) {
      if (page === PAGE_LIMIT || files.length > FILE_LIMIT) throw oddAnswer(what, 'it has too many files');
      const { json, link } = await this.#json(next, what, signal);
      for (const entry of check(treeSchema, json, what)) {
        if (entry.type === 'file') files.push(...listed(entry.path, entry.size, entry.oid, entry.lfs));
      }
      const address = /<([^>]+)>\s*;\s*rel="?next"?/.exec(link)?.[1];
      next = address === undefined ? undefined : new URL(address, next);
      if (next && next.origin !== new URL(this.endpoint).origin)
        throw oddAnswer(what, 'its list goes on at another site');
    }
    return files;
  }

  /** One answer of the API, tried again while the trouble may pass. */
  async #json(url: URL, what: string, signal: AbortSignal): Promise<{ json: unknown; link: string }> {
    for (let attempt = 1; ; attempt++) {
      const watch = new Watch(signal, this.patience.stallMs);
      let wait: number | undefined;
      try {
        const response = await this.get(url, watch.signal);
        if (response.ok) {
          const bytes = await readLimited(response, what, watch);
          return { json: parse(bytes, what), link: response.headers.get('link') ?? '' };
        }
        if (attempt >= this.patience.attempts || !isPassing(response.status))
          throw refused(response, what, this.hasToken);
        wait = (retryAfter(response) ?? 0) * 1000;
        if (wait > this.patience.longestWaitMs) throw refused(response, what, this.hasToken);
      } catch (thrown) {
        if (signal.aborted) throw cancelled(thrown);
        if (thrown instanceof FacetError) throw thrown;
        // One more try for a connection that failed; a server that does not answer the second time is not there.
        if (attempt >= Math.min(2, this.patience.attempts)) {
          if (watch.stalled) throw stalled(what, url.host, this.patience.stallMs / 1000);
          throw unreachable(what, url.host, thrown);
        }
      } finally {
        watch.stop();
      }
      await pause(Math.max(wait ?? 0, this.patience.backoffMs * 2 ** (attempt - 1)), signal);
    }
  }
}

/** Aborts when told to, or when nothing has moved for a while. */
export class Watch {
  readonly #controller = new AbortController();
  readonly #onAbort = () => this.#controller.abort(this.outer.reason);
  #timer?: ReturnType<typeof setTimeout>;
  stalled = false;

  constructor(
    private readonly outer: AbortSignal,
    private readonly ms: number,
  ) {
    outer.addEventListener('abort', this.#onAbort);
    if (outer.aborted) this.#onAbort();
    this.moved();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  moved(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.stalled = true;
      this.#controller.abort(new DOMException('stalled', 'TimeoutError'));
    }, this.ms);
  }

  /** Ends the request too, if it is still under way. */
  stop(): void {
    clearTimeout(this.#timer);
    this.outer.removeEventListener('abort', this.#onAbort);
    this.#controller.abort();
  }
}

/** @throws FacetError `cancelled` */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      if (signal.aborted) reject(cancelled());
      else resolve();
    };
    const timer = setTimeout(end, signal.aborted ? 0 : ms);
    signal.addEventListener('abort', end);
  });
}

function checkEndpoint(endpoint: string): string {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  const onThisComputer = url && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  const plain = url && !url.username && !url.password && !url.search && !url.hash;
  if (plain && (url.protocol === 'https:' || (url.protocol === 'http:' && onThisComputer)))
    return url.href.replace(/\/+$/, '');
  throw new FacetError('bad-input', 'This is not the address of a hub.', {
    hint: `Use https://, or http:// on this computer; the usual one is ${DEFAULT_ENDPOINT}.`,
  });
}

/** One file, or none when it could never be asked for; unknown sizes are those of empty files nowhere. */
function listed(
  path: string,
  bytes: number | null | undefined,
  oid: string | null | undefined,
  large: v.InferOutput<typeof lfs>,
): ListedFile[] {
  const total = large?.size ?? bytes;
  if (total == null || !isPlainPath(path)) return [];
  const sha256 = large?.sha256 ?? large?.oid;
  if (sha256 !== undefined && /^[0-9a-f]{64}$/.test(sha256)) return [{ path, bytes: total, sha256 }];
  return [{ path, bytes: total, oid: oid != null && isCommit(oid) && !large ? oid : undefined }];
}

async function readLimited(response: Response, what: string, watch: Watch): Promise<Uint8Array[]> {
  const parts: Uint8Array[] = [];
  let total = 0;
  const reader = response.body?.getReader();
  for (let read = await reader?.read(); read && !read.done; read = await reader?.read()) {
    watch.moved();
    total += read.value.length;
    if (total > ANSWER_LIMIT) throw oddAnswer(what, `it is longer than ${formatSize(ANSWER_LIMIT)}`);
    parts.push(read.value);
  }
  return parts;
}

function parse(parts: readonly Uint8Array[], what: string): unknown {
  const decoder = new TextDecoder();
  try {
    const decoded = parts.map((part) => decoder.decode(part, { stream: true }));
    return JSON.parse(`${decoded.join('')}${decoder.decode()}`);
  } catch {
    throw oddAnswer(what, 'it is not JSON');
  }
}

function check<Schema extends v.GenericSchema>(
  schema: Schema,
  json: unknown,
  what: string,
): v.InferOutput<Schema> {
  const parsed = v.safeParse(schema, json);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw oddAnswer(what, `${v.getDotPath(issue) ?? 'its root'}: ${issue.message.slice(0, 200)}`);
}

function oddAnswer(what: string, why: string): FacetError {
  return new FacetError('bad-file', `${what}: the answer of the hub cannot be used (${why}).`, {
    hint: 'Check that the endpoint is a hub that speaks the Hugging Face API.',
  });
}
