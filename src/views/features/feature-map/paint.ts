import type { Camera } from './geometry.ts';

/** How a picture of the map is drawn. Lengths in device pixels. */
export interface Painting {
  width: number;
  height: number;
  /** `zoom` in device pixels per unit of the layout. */
  camera: Camera;
  /** [n · 2] */
  positions: Float32Array;
  /** [n] places, those drawn last lie on top. */
  order: Uint32Array;
  /** [n] which colour of the palette. */
  steps: Uint8Array;
  /** Colours as `ImageData` keeps them. */
  palette: Uint32Array;
  /** Of a point of each colour. */
  radii: Float32Array;
  surface: number;
}

interface Stamp {
  dx: Int32Array;
  dy: Int32Array;
  /** 0 … 256 */
  cover: Int32Array;
  reach: number;
}

const stamps = new Map<number, Stamp>();

/** The pixels of a disc around a pixel's middle, and how much of each it covers. */
function stampOf(radius: number): Stamp {
  const key = Math.round(radius * 4);
  const found = stamps.get(key);
  if (found) return found;
  const r = Math.max(2, key) / 4;
  const reach = Math.ceil(r);
  const pixels: [number, number, number][] = [];
  for (let dy = -reach; dy <= reach; dy++) {
    for (let dx = -reach; dx <= reach; dx++) {
      const cover = Math.round(256 * Math.min(1, Math.max(0, r + 0.5 - Math.hypot(dx, dy))));
      if (cover > 0) pixels.push([dx, dy, cover]);
    }
  }
  const column = (at: 0 | 1 | 2): Int32Array => Int32Array.from(pixels, (pixel) => pixel[at]);
  const stamp = { dx: column(0), dy: column(1), cover: column(2), reach };
  stamps.set(key, stamp);
  return stamp;
}

/**
 * Draws every point in sight into a picture. Tens of thousands of shapes a frame are too many for a canvas, but few for a
 * loop over pixels.
 * @param pixels [width · height]
 */
export function paintPoints(pixels: Uint32Array, painting: Painting): void {
  const { width, height, camera, positions, order, steps, palette, radii, surface } = painting;
  pixels.fill(surface);
  const all = Array.from(radii, stampOf);
  for (const place of order) {
    const step = steps[place]!;
    const { dx, dy, cover, reach } = all[step]!;
    const x = Math.round((positions[2 * place]! - camera.x) * camera.zoom + width / 2);
    const y = Math.round((positions[2 * place + 1]! - camera.y) * camera.zoom + height / 2);
    if (x < -reach || y < -reach || x >= width + reach || y >= height + reach) continue;
    const colour = palette[step]!;
    const whole = x >= reach && y >= reach && x < width - reach && y < height - reach;
    for (let i = 0; i < dx.length; i++) {
      const px = x + dx[i]!;
      const py = y + dy[i]!;
      if (!whole && (px < 0 || py < 0 || px >= width || py >= height)) continue;
      const at = py * width + px;
      pixels[at] = cover[i] === 256 ? colour : blend(pixels[at]!, colour, cover[i]!);
    }
  }
}

/** Two channels at a time, in whole numbers of 32 bits. @param share of `over`, 0 … 256; both opaque */
function blend(under: number, over: number, share: number): number {
  const rest = 256 - share;
  const outer = (Math.imul(over & 0xff00ff, share) + Math.imul(under & 0xff00ff, rest)) | 0;
  const inner = (Math.imul(over & 0xff00, share) + Math.imul(under & 0xff00, rest)) | 0;
  return OPAQUE | ((outer >>> 8) & 0xff00ff) | ((inner >>> 8) & 0xff00);
}

/** A full fourth channel, as a signed number. */
const OPAQUE = 0xff << 24;

/** Weak ones first, so that strong ones lie on top; in order of place within a colour. */
export function paintOrder(steps: Uint8Array): Uint32Array {
  return Uint32Array.from(steps.keys()).sort((a, b) => steps[a]! - steps[b]! || a - b);
}

/** In CSS pixels: smaller where there are many, larger when looked at closely. @param nearer zoom against the whole map */
export function pointRadius(points: number, nearer: number): number {
  const usual = points > 10_000 ? 1.4 : points > 3_000 ? 1.9 : points > 500 ? 2.6 : 4;
  return usual * Math.min(2.5, Math.max(0.8, nearer ** 0.3));
}
