import type { HeadMask } from './derived.ts';

/** What a cell of the picture is. */
export const AHEAD = 0;
export const KEPT = 1;
export const LEFT_OUT = 2;

/** A mask over the pattern it cuts, [size · size], at most as many cells as there are pixels to draw them. */
export interface MaskPicture {
  size: number;
  /** `AHEAD` of the query, `KEPT` or `LEFT_OUT`. */
  kinds: Uint8Array;
  /** The cell's attention in the dense pattern: the largest of what it stands for. */
  mass: Float32Array;
}

/**
 * Where one cell stands for several pairs it takes the largest mass among them and the kind of that pair, so that a
 * single strong pair is never averaged away; with no mass at all it is left out only if all its pairs are.
 *
 * @param rows T
 * @param size cells a side, at most T
 */
export function maskPicture({ mask, dense }: HeadMask, rows: number, size: number): MaskPicture {
  const side = Math.min(rows, size);
  const kinds = new Uint8Array(side * side);
  const mass = new Float32Array(side * side);
  for (let t = 0; t < rows; t++) {
    const y = Math.floor((t * side) / rows);
    for (let s = 0; s <= t; s++) {
      const at = y * side + Math.floor((s * side) / rows);
      const kind = mask[t * rows + s] ? KEPT : LEFT_OUT;
      const value = dense[t * rows + s]!;
      const before = kinds[at]!;
      if (before === AHEAD || value > mass[at]! || (value === mass[at] && kind === KEPT)) {
        kinds[at] = kind;
        mass[at] = value;
      }
    }
  }
  return { size: side, kinds, mass };
}

/** Attention on the tints' scale, against 1. */
export const massRatio = (mass: number): number => Math.log10(1 + 9 * Math.min(1, Math.max(0, mass)));

/** Attention below this is not worth an outline. */
export const OUTLINED = 0.01;

/** Colours of a picture, [steps · 3] each from nothing to the full end. */
export interface MaskColours {
  kept: Uint8ClampedArray;
  lost: Uint8ClampedArray;
  /** [3] */
  ahead: Uint8ClampedArray;
  leftOut: Uint8ClampedArray;
}

/** RGBA of every cell. @param fillLost whether mass left out fills its cell; else the caller outlines it */
export function paintPicture(
  { size, kinds, mass }: MaskPicture,
  colours: MaskColours,
  fillLost: boolean,
): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(size * size * 4);
  const steps = colours.kept.length / 3 - 1;
  for (let at = 0; at < kinds.length; at++) {
    const step = Math.round(massRatio(mass[at]!) * steps) * 3;
    const lost = kinds[at] === LEFT_OUT;
    const filled = lost && fillLost && mass[at]! >= OUTLINED;
    const from =
      kinds[at] === AHEAD ? colours.ahead : filled ? colours.lost : lost ? colours.leftOut : colours.kept;
    const offset = kinds[at] === KEPT || filled ? step : 0;
    pixels.set(from.subarray(offset, offset + 3), at * 4);
    pixels[at * 4 + 3] = 255;
  }
  return pixels;
}
