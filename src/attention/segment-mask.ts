import { type BlockMask, MOST_BITS, PARTIAL } from '../gpu/block-mask.ts';
import { FacetError } from '../shared/errors.ts';

/** Several sequences one after the other in the rows of one pass. */
export interface Segments {
  /** First row of each, in rising order; the first is 0. */
  starts: Uint32Array;
  /** Rows of all of them. */
  rows: number;
}

/** @throws FacetError `bug` when they do not share out the rows */
export function checkSegments({ starts, rows }: Segments): void {
  const rising = starts.every((start, i) => start < (starts[i + 1] ?? rows));
  if (starts[0] !== 0 || !rising)
    throw new FacetError('bug', `sequences at [${starts.join(', ')}] do not share out ${rows} rows`);
}

/** Rows of the longest. */
export function longestSegment({ starts, rows }: Segments): number {
  return starts.reduce((most, start, i) => Math.max(most, (starts[i + 1] ?? rows) - start), 0);
}

/** Position of every row in its own sequence. @returns [rows] */
export function segmentPositions({ starts, rows }: Segments): Uint32Array<ArrayBuffer> {
  const positions = new Uint32Array(rows);
  starts.forEach((start, i) => {
    const end = starts[i + 1] ?? rows;
    for (let row = start; row < end; row++) positions[row] = row - start;
  });
  return positions;
}

/**
 * The mask, shared by all heads, of sequences that do not see each other: a query sees the keys of its own sequence up to
 * itself, `window` of them at most, itself included; 0: all. Blocks of keys that no query of a block sees are left out.
 * @param blockSize at most `MOST_BITS`
 */
export function maskOfSegments(segments: Segments, blockSize: number, window: number): BlockMask {
  if (blockSize > MOST_BITS) throw new RangeError(`a block of ${blockSize} has no element masks`);
  const { rows } = segments;
  const positions = segmentPositions(segments);
  const offsets = [0];
  const entries: number[] = [];
  const bits: number[] = [];
  // First key a row sees; those up to itself follow.
  const from = (row: number): number => row - Math.min(positions[row]!, window === 0 ? row : window - 1);
  for (let first = 0; first < rows; first += blockSize) {
    const end = Math.min(first + blockSize, rows);
    // Neither the start of a sequence nor that of a window goes back from one row to the next.
    const reach = Array.from({ length: end - first }, (_, i) => from(first + i));
    const last = Math.floor((end - 1) / blockSize);
    for (let block = Math.floor(reach[0]! / blockSize); block <= last; block++) {
      const low = block * blockSize;
      const high = Math.min(low + blockSize, rows) - 1;
      if (reach.at(-1)! <= low && high <= first) {
        entries.push(block);
        for (let i = 0; i < blockSize; i++) bits.push(0);
        continue;
      }
      entries.push((block | PARTIAL) >>> 0);
      for (let i = 0; i < blockSize; i++)
        bits.push(i < reach.length ? run(reach[i]! - low, Math.min(first + i, high) - low) : 0);
    }
    offsets.push(entries.length);
  }
  return {
    blockSize,
    perHead: false,
    offsets: Uint32Array.from(offsets),
    entries: Uint32Array.from(entries),
    window: 0,
    sinks: 0,
    bits: Uint32Array.from(bits),
  };
}

/** A word with the bits `from` … `to` set, as far as they are 0 … 31. */
function run(from: number, to: number): number {
  const start = Math.max(0, from);
  if (start > to) return 0;
  const count = to - start + 1;
  return count === 32 ? 0xffff_ffff : (((1 << count) - 1) << start) >>> 0;
}
