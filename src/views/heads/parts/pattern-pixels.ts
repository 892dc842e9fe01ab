import { activationRatio } from '../../shared/colour.ts';

/** How the numbers of a pattern become colours. */
export interface PatternScale {
  /** Size at the full end. */
  max: number;
  /** Two hues around 0; else one from 0. */
  signed: boolean;
}

/** Colours of a palette, as many on each side of 0. */
export const STEPS = 256;

/**
 * The largest size among what a query may look at: keys up to itself.
 * @param values [T, T]
 * @param withoutFirst leaves out row 0, whose only key is itself, and column 0, where heads with nothing to say rest
 */
export function largestIn(values: Float32Array, rows: number, withoutFirst: boolean): number {
  let most = 0;
  for (let row = withoutFirst ? 1 : 0; row < rows; row++) {
    for (let key = withoutFirst ? 1 : 0; key <= row; key++)
      most = Math.max(most, Math.abs(values[row * rows + key]!));
  }
  return most;
}

/** Mean share of its attention that a query after the first two rows gives to row 0; NaN for shorter texts. */
export function sinkShare(values: Float32Array, rows: number): number {
  let sum = 0;
  for (let row = 2; row < rows; row++) sum += values[row * rows]!;
  return rows > 2 ? sum / (rows - 2) : NaN;
}

/** What a query looks at, or who looks at a key. NaN where the causal mask hides one from the other. @returns [T] */
export function lineOf(
  values: Float32Array,
  rows: number,
  row: number,
  way: 'keys' | 'queries',
): Float32Array {
  return Float32Array.from({ length: rows }, (_, other) => {
    const [query, key] = way === 'keys' ? [row, other] : [other, row];
    return key > query ? NaN : values[query * rows + key]!;
  });
}

/** Place of a value on the palette: 0 … STEPS − 1, or −(STEPS − 1) … STEPS − 1. The tints' own scale. */
export function stepOf(value: number, { max }: PatternScale): number {
  return Math.sign(value) * Math.round(activationRatio(Math.abs(value), max) * (STEPS - 1));
}

/**
 * A pattern as an image, one pixel for `pool` × `pool` cells: the largest of them, so that nothing is lost where cells
 * are smaller than the screen's dots. Pixels above the diagonal stay transparent.
 * @param palettes [STEPS] colours from 0 up, and from 0 down, as `ImageData` keeps them
 * @returns [n, n] with n = ⌈T / pool⌉
 */
export function patternPixels(
  values: Float32Array,
  rows: number,
  pool: number,
  scale: PatternScale,
  palettes: { up: Uint32Array; down: Uint32Array },
): Uint32Array {
  const side = Math.ceil(rows / pool);
  const steps = new Int32Array(side * side);
  const seen = new Uint8Array(side * side);
  for (let row = 0; row < rows; row++) {
    const line = Math.floor(row / pool) * side;
    for (let key = 0; key <= row; key++) {
      const at = line + Math.floor(key / pool);
      const step = stepOf(values[row * rows + key]!, scale);
      if (!seen[at] || Math.abs(step) > Math.abs(steps[at]!)) steps[at] = step;
      seen[at] = 1;
    }
  }
  const pixels = new Uint32Array(side * side);
  for (let at = 0; at < pixels.length; at++) {
    const step = steps[at]!;
    if (seen[at])
      pixels[at] = step < 0 && scale.signed ? palettes.down[-step]! : palettes.up[Math.abs(step)]!;
  }
  return pixels;
}

/** How a square map of a pattern lies in its frame. Lengths in CSS pixels. */
export interface Layout {
  /** Of a cell. */
  cell: number;
  /** Room for the tokens' names, left and above; 0 where they would not fit. */
  gutter: number;
  /** Of the map with its names. */
  extent: number;
}

/** A cell smaller than this has no room for a name. */
const NAMED_CELL = 11;
const LARGEST_CELL = 46;
export const GUTTER = 84;

/** @param size of the frame @param zoom 1 fits the whole pattern */
export function layoutOf(rows: number, size: number, zoom: number): Layout {
  const room = Math.max(1, rows);
  const named = Math.min(LARGEST_CELL, ((size - GUTTER) / room) * zoom);
  if (named >= NAMED_CELL) return { cell: named, gutter: GUTTER, extent: GUTTER + named * rows };
  const cell = Math.min(LARGEST_CELL, (size / room) * zoom);
  return { cell, gutter: 0, extent: cell * rows };
}

/** The cell at a point of the frame; `undefined` outside the pattern. */
export function cellAt(
  { cell, gutter }: Layout,
  rows: number,
  x: number,
  y: number,
  scroll: { left: number; top: number },
): { query: number; key: number } | undefined {
  if (x < gutter || y < gutter) return undefined;
  const key = Math.floor((x - gutter + scroll.left) / cell);
  const query = Math.floor((y - gutter + scroll.top) / cell);
  return key >= 0 && query >= 0 && key < rows && query < rows ? { query, key } : undefined;
}

/** First and last row of a map, or column, of which a part is in sight. @param room for cells in the frame, in CSS pixels */
export function rowsInSight(scroll: number, room: number, cell: number, rows: number): [number, number] {
  return [Math.max(0, Math.floor(scroll / cell)), Math.min(rows - 1, Math.floor((scroll + room) / cell))];
}
