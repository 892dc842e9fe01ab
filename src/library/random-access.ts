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

/** Makes the error of a file that breaks the rules of its format. */
export type Damaged = (what: string) => FacetError;

/** @param name of the file @param format e.g. `a GGUF file` */
export function damaged(name: string, format: string): Damaged {
  return (what) =>
    new FacetError('bad-file', `${name} is damaged or not ${format}: ${what}.`, {
      hint: 'Download the file again.',
    });
}

/**
 * Which bytes the elements from … to − 1 of a tensor are.
 * @throws FacetError `bug` when the tensor has no such elements
 */
export function elementRange(
  name: string,
  count: number,
  from: number,
  to: number | undefined,
): { from: number; to: number } {
  const end = to ?? count;
  if (!(from >= 0 && from <= end && end <= count))
    throw new FacetError('bug', `elements ${from} to ${end} of "${name}" do not exist`);
  return { from, to: end };
}
