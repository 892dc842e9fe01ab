import { STEPS } from './pattern-pixels.ts';

/**
 * Colours of a tint as the screen shows them now, for drawing without CSS. In document order `ImageData` keeps them.
 * @param tint a function of `shared/colour.ts` of a ratio 0 … 1
 */
export function paletteOf(tint: (ratio: number) => string): Uint32Array {
  const canvas = document.createElement('canvas');
  canvas.width = STEPS;
  canvas.height = 1;
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  const probe = document.createElement('span');
  document.body.append(probe);
  const surface = colour('--surface');
  for (let step = 0; step < STEPS; step++) {
    // Only a computed style knows what custom properties and mixes come to.
    probe.style.color = step === 0 ? surface : tint(step / (STEPS - 1));
    context.fillStyle = getComputedStyle(probe).color;
    context.fillRect(step, 0, 1, 1);
  }
  probe.remove();
  return new Uint32Array(context.getImageData(0, 0, STEPS, 1).data.buffer);
}

/** Value of a custom property of the theme, e.g. `--ink`. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** A bitmap of pixels of `patternPixels`. */
export function bitmapOf(pixels: Uint32Array): HTMLCanvasElement {
  const side = Math.max(1, Math.round(Math.sqrt(pixels.length)));
  const canvas = document.createElement('canvas');
  canvas.width = side;
  canvas.height = side;
  const bytes = new Uint8ClampedArray(side * side * 4);
  bytes.set(new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength));
  canvas.getContext('2d')!.putImageData(new ImageData(bytes, side, side), 0, 0);
  return canvas;
}
