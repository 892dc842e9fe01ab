import type { Batch } from './batch.ts';
import type { Tensor } from './tensor.ts';

/** Marks a block whose elements must be tested one by one. */
export const PARTIAL = 0x8000_0000;

/**
 * Which blocks of keys each block of queries visits; blocks not listed are never touched. Row compressed: the entries
 * of query block b of head h are `entries[offsets[i]] … entries[offsets[i + 1]]` with i = h · nQueryBlocks + b, or
 * i = b when all heads share one mask. An entry is the index of a key block, with `PARTIAL` set when the element rule
 * applies inside it. Entries of a row are in rising order and name a block once.
 */
export interface BlockMask {
  blockSize: number;
  perHead: boolean;
  offsets: Uint32Array<ArrayBuffer>;
  entries: Uint32Array<ArrayBuffer>;
  /**
   * Inside partial blocks key s is visible to query t (absolute positions) when s ≤ t and (window = 0 or t − s < window
   * or s < sinks).
   */
  window: number;
  sinks: number;
  /**
   * [entries.length · blockSize] Element masks instead of window and sinks: in the partial block of entry e its query row
   * r sees the keys s ≤ t whose bit, s − first key of the block, is set in `bits[e · blockSize + r]`. The words of full
   * blocks are not read. For blocks of at most `MOST_BITS` keys.
   */
  bits?: Uint32Array<ArrayBuffer>;
}

/** Largest block whose rows fit a word of `BlockMask.bits`. */
export const MOST_BITS = 32;

/** The mask's rows and entries on the GPU, for one batch; bits, where there are any, behind the entries. */
export function uploadMask(batch: Batch, mask: BlockMask): { offsets: Tensor; entries: Tensor } {
  const bits = mask.bits?.length ?? 0;
  // A storage binding must not be empty, and a mask may visit nothing.
  const words = new Uint32Array(Math.max(1, mask.entries.length + bits));
  words.set(mask.entries);
  if (mask.bits) words.set(mask.bits, mask.entries.length);
  return {
    offsets: batch.input(mask.offsets, [mask.offsets.length]),
    entries: batch.input(words, [words.length]),
  };
}

/** Whether key `s` is visible to the query at absolute position `t` in row `queryRow`, per the mask's definition. */
export function isVisible(
  mask: BlockMask,
  where: { head: number; queryRow: number; nQueryBlocks: number; t: number; s: number },
): boolean {
  const { head, queryRow, nQueryBlocks, t, s } = where;
  const row = (mask.perHead ? head * nQueryBlocks : 0) + Math.floor(queryRow / mask.blockSize);
  for (let i = mask.offsets[row]!; i < mask.offsets[row + 1]!; i++) {
    const entry = mask.entries[i]!;
    if ((entry & ~PARTIAL) >>> 0 !== Math.floor(s / mask.blockSize)) continue;
    if (entry < PARTIAL) return true;
    if (mask.bits) {
      const word = mask.bits[i * mask.blockSize + (queryRow % mask.blockSize)]!;
      return s <= t && ((word >>> (s % mask.blockSize)) & 1) === 1;
    }
    return s <= t && (mask.window === 0 || t - s < mask.window || s < mask.sinks);
  }
  return false;
}
