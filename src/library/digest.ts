import { sha1 } from '@noble/hashes/legacy.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { FacetError } from '../shared/errors.ts';

/** Large enough to keep reading fast, small enough to stop at soon. */
const SLICE = 4 << 20;

/** Digests of a file that arrives in pieces; WebCrypto wants it whole. */
export class FileDigest {
  readonly #sha256 = sha256.create();
  readonly #sha1;

  /** @param gitSize the file's size, when git's object id is wanted as well */
  constructor(gitSize?: number) {
    if (gitSize === undefined) return;
    // @source https://git-scm.com/book/en/v2/Git-Internals-Git-Objects, "Object Storage"
    this.#sha1 = sha1.create().update(new TextEncoder().encode(`blob ${gitSize}\0`));
  }

  update(bytes: Uint8Array): void {
    this.#sha256.update(bytes);
    this.#sha1?.update(bytes);
  }

  /** Ends it: no `update` afterwards. `oid` only when asked for. */
  finish(): { sha256: string; oid?: string } {
    return { sha256: toHex(this.#sha256.digest()), oid: this.#sha1 && toHex(this.#sha1.digest()) };
  }
}

export function sha256Text(text: string): string {
  return toHex(sha256(new TextEncoder().encode(text)));
}

/**
 * Reads a blob from start to end, a part at a time.
 * @throws FacetError `bad-file` when it cannot be read (a file that was changed or removed since it was chosen),
 *   `cancelled`
 */
export async function readThrough(
  name: string,
  blob: Blob,
  onPart: (bytes: Uint8Array<ArrayBuffer>) => void | Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  for (let at = 0; at < blob.size; at += SLICE) {
    if (signal?.aborted) throw new FacetError('cancelled', 'Cancelled.');
    const end = Math.min(blob.size, at + SLICE);
    let bytes: ArrayBuffer;
    try {
      bytes = await blob.slice(at, end).arrayBuffer();
    } catch (cause) {
      return unreadable(name, cause);
    }
    if (bytes.byteLength !== end - at) unreadable(name);
    await onPart(new Uint8Array(bytes));
  }
}

export interface DigestOptions {
  signal?: AbortSignal;
  /** Bytes read so far. */
  onDone?: (done: number) => void;
  /** What else is done with the bytes; waited for. */
  onPart?: (bytes: Uint8Array<ArrayBuffer>) => void | Promise<void>;
  /** Whether git's object id is wanted as well. */
  git?: boolean;
}

/** Digests of a blob, read a part at a time. @throws FacetError as `readThrough` */
export async function digestBlob(
  name: string,
  blob: Blob,
  { signal, onDone, onPart, git = false }: DigestOptions = {},
): Promise<{ sha256: string; oid?: string }> {
  const digest = new FileDigest(git ? blob.size : undefined);
  let done = 0;
  const part = async (bytes: Uint8Array<ArrayBuffer>): Promise<void> => {
    await onPart?.(bytes);
    digest.update(bytes);
    onDone?.((done += bytes.length));
  };
  await readThrough(name, blob, part, signal);
  return digest.finish();
}

function unreadable(name: string, cause?: unknown): never {
  throw new FacetError('bad-file', `${name} cannot be read any more.`, {
    hint: 'It was changed, moved or removed since it was chosen; choose it again.',
    detail: cause instanceof Error ? cause.message : undefined,
    cause,
  });
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
