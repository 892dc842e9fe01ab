import { FacetError } from '../shared/errors.ts';

/** Bytes that can be read in any order: memory, a file the visitor chose, a file the library keeps. */
export interface RandomAccess {
  readonly size: number;
  /** Exactly bytes from … to − 1. @throws FacetError `bad-file` when the file is shorter than it was */
  read(from: number, to: number): Promise<Uint8Array<ArrayBuffer>>;
}

export function inMemory(bytes: Uint8Array<ArrayBuffer>): RandomAccess {
  return { size: bytes.length, read: (from, to) => Promise.resolve(bytes.subarray(from, to)) };
}

/** @param name for messages */
export function inBlob(name: string, blob: Blob): RandomAccess {
  return {
    size: blob.size,
    async read(from, to) {
      try {
        const bytes = new Uint8Array(await blob.slice(from, to).arrayBuffer());
        if (bytes.length === to - from) return bytes;
      } catch (cause) {
        throw new FacetError('bad-file', `${name} cannot be read any more.`, {
          hint: 'It was changed, moved or removed since it was opened; open it again.',
          detail: String(cause),
          cause,
        });
      }
      throw new FacetError('bad-file', `${name} ends before byte ${to}.`, { hint: 'Open the file again.' });
    },
  };
}
