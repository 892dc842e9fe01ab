/**
 * Numbers that everything timed is made of, the same on every machine and in any order: value i depends on the seed and i
 * alone, so that any part of a large array can be made by itself.
 */

/** FNV-1a over UTF-16 code units: a seed from a tensor's name. */
export function seedOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** Mulberry32 of seed and index. @returns a whole number from 0 to 2³² − 1 */
export function seededWord(seed: number, index: number): number {
  const state = (seed + Math.imul(index + 1, 0x6d2b79f5)) >>> 0;
  let mixed = Math.imul(state ^ (state >>> 15), state | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return (mixed ^ (mixed >>> 14)) >>> 0;
}

/**
 * Values uniform in [centre − scale, centre + scale).
 * @param from index of the first, in an array that is made in parts
 */
export function seededValues(
  seed: number,
  count: number,
  { scale = 1, centre = 0, from = 0 }: { scale?: number; centre?: number; from?: number } = {},
): Float32Array<ArrayBuffer> {
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++)
    values[i] = centre + (seededWord(seed, from + i) / 2_147_483_648 - 1) * scale;
  return values;
}

/** Whole numbers from 0 to below − 1, such as token ids. */
export function seededIntegers(seed: number, count: number, below: number): Uint32Array<ArrayBuffer> {
  return Uint32Array.from({ length: count }, (_, i) => seededWord(seed, i) % below);
}

/** Different whole numbers from 0 to below − 1 a row, in no order. @returns [rows · k] */
export function seededChoices(
  seed: number,
  rows: number,
  k: number,
  below: number,
): Uint32Array<ArrayBuffer> {
  const chosen = new Uint32Array(rows * k);
  for (let row = 0; row < rows; row++) {
    const taken = new Set<number>();
    for (let draw = 0; taken.size < k; draw++) taken.add(seededWord(seed + row, draw) % below);
    chosen.set([...taken], row * k);
  }
  return chosen;
}
