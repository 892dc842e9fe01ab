import { FacetError } from '../shared/errors.ts';

/** Bytes a packed text may unpack to, three for each code unit a prompt may have; checked while unpacking, so a small link cannot fill the memory. */
export const MAX_UNPACKED_BYTES = 6_000_000;

/** deflate-raw as base64url without padding. */
export async function pack(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream('deflate-raw'));
  return toBase64Url(new Uint8Array(await new Response(stream).arrayBuffer()));
}

/** @throws FacetError `bad-link`: not base64url, not deflate, or more than `MAX_UNPACKED_BYTES` */
export async function unpack(packed: string, limit = MAX_UNPACKED_BYTES): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([fromBase64Url(packed)])
    .stream()
    .pipeThrough(new DecompressionStream('deflate-raw'));
  const reader = stream.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      size += value.length;
      if (size > limit) {
        throw new FacetError('bad-link', `The text in this link is larger than ${limit / 1_000_000} MB.`);
      }
      chunks.push(value);
    }
  } catch (cause) {
    void reader.cancel().catch(() => {});
    if (cause instanceof FacetError) throw cause;
    throw new FacetError('bad-link', 'The packed text in this link cannot be unpacked.', { cause });
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

function toBase64Url(bytes: Uint8Array<ArrayBuffer>): string {
  let binary = '';
  // In pieces: `fromCharCode` takes its bytes as arguments, of which there may not be too many.
  for (let i = 0; i < bytes.length; i += 0x8000) {
    binary += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  }
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function fromBase64Url(text: string): Uint8Array<ArrayBuffer> {
  if (!/^[\w-]+$/.test(text) || text.length % 4 === 1) {
    throw new FacetError('bad-link', 'The packed text in this link has characters that do not belong there.');
  }
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}
