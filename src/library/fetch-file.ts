import { FacetError } from '../shared/errors.ts';

export interface FetchOptions {
  /** Exact size, when known beforehand. */
  expectedBytes?: number;
  /** Hex digest, when known beforehand. */
  sha256?: string;
  /** Largest acceptable size. Default 2 GiB. */
  limit?: number;
  signal?: AbortSignal;
  /** Bytes received so far, and in total when known (else 0). */
  onProgress?: (done: number, total: number) => void;
}

const DEFAULT_LIMIT = 2 ** 31;

/**
 * One file as bytes, streamed with progress, never larger than allowed, checked for size and digest.
 * @throws FacetError `network`, `not-found`, `bad-file` or `cancelled`
 */
export async function fetchFile(url: URL, options: FetchOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
  const name = url.pathname.split('/').pop() ?? url.pathname;
  const { expectedBytes, sha256, limit = DEFAULT_LIMIT, signal } = options;
  try {
    const response = await fetch(url, { signal, credentials: 'omit', redirect: 'error' });
    if (response.status === 404) throw missing(name, url);
    if (!response.ok) {
      throw new FacetError('network', `The server answered ${response.status} for ${name}.`, {
        hint: 'Try again in a moment.',
      });
    }
    // Development servers answer a missing file with the page itself.
    if (response.headers.get('content-type')?.startsWith('text/html')) throw missing(name, url);
    const declared = Number(response.headers.get('content-length') ?? 0);
    const compressed = response.headers.has('content-encoding');
    const total = expectedBytes ?? (compressed ? 0 : declared);
    if (total > limit)
      throw new FacetError('bad-file', `${name} is ${total} bytes; at most ${limit} are read.`);
    const bytes = await readBody(response, name, Math.min(limit, expectedBytes ?? limit), (done) =>
      options.onProgress?.(done, total),
    );
    if (expectedBytes !== undefined && bytes.length !== expectedBytes) {
      throw damaged(name, `it has ${bytes.length} bytes instead of ${expectedBytes}`);
    }
    if (sha256 !== undefined && (await sha256Hex(bytes)) !== sha256)
      throw damaged(name, 'its SHA-256 is not the expected one');
    return bytes;
  } catch (thrown) {
    if (thrown instanceof FacetError) throw thrown;
    if (signal?.aborted) throw new FacetError('cancelled', 'Cancelled.', { cause: thrown });
    throw new FacetError('network', `${name} could not be downloaded.`, {
      hint: 'Check the connection and try again.',
      detail: String(thrown),
      cause: thrown,
    });
  }
}

function missing(name: string, url: URL): FacetError {
  return new FacetError('not-found', `The file ${name} is missing.`, { hint: `Looked at ${url.pathname}.` });
}

function damaged(name: string, what: string): FacetError {
  return new FacetError('bad-file', `${name} arrived damaged: ${what}.`, {
    hint: 'Reload to download it again.',
  });
}

async function readBody(
  response: Response,
  name: string,
  most: number,
  onBytes: (done: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const reader = response.body?.getReader();
  if (!reader) return new Uint8Array(await response.arrayBuffer());
  const chunks: Uint8Array[] = [];
  let done = 0;
  for (;;) {
    const { value, done: ended } = await reader.read();
    if (ended) break;
    done += value.length;
    if (done > most) {
      await reader.cancel();
      throw damaged(name, `it is longer than ${most} bytes`);
    }
    chunks.push(value);
    onBytes(done);
  }
  const bytes = new Uint8Array(done);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

export async function sha256Hex(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
