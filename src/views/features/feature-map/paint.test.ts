import { describe, expect, it } from 'vitest';
import { paintOrder, paintPoints, type Painting } from './paint.ts';

const [SURFACE, GREY, RED] = [0xffffffff, 0xff808080, 0xff0000ff];
const SIZE = 21;

function painted(part: Partial<Painting>): Uint32Array {
  const pixels = new Uint32Array(SIZE * SIZE);
  const steps = part.steps ?? Uint8Array.of(1);
  paintPoints(pixels, {
    width: SIZE,
    height: SIZE,
    camera: { x: 0, y: 0, zoom: 1 },
    positions: Float32Array.of(0, 0),
    order: paintOrder(steps),
    steps,
    palette: Uint32Array.of(GREY, RED),
    radii: Float32Array.of(2, 3),
    surface: SURFACE,
    ...part,
  });
  return pixels;
}

const at = (pixels: Uint32Array, x: number, y: number): number => pixels[y * SIZE + x]!;

describe('the picture of the map', () => {
  it('has a round point in the middle, whose rim is between its colour and the surface', () => {
    const pixels = painted({});
    const middle = 11;
    expect(at(pixels, middle, middle)).toBe(RED);
    expect(at(pixels, middle + 2, middle)).toBe(RED);
    const rim = at(pixels, middle + 3, middle);
    // Half of each: red stays full, the others are half way to white.
    expect([rim & 0xff, (rim >>> 8) & 0xff, (rim >>> 16) & 0xff, rim >>> 24]).toEqual([255, 127, 127, 255]);
    expect(at(pixels, middle + 3, middle + 3)).toBe(SURFACE);
    expect(at(pixels, 0, 0)).toBe(SURFACE);
  });

  it('is cut at its edges and leaves out what is beyond them', () => {
    const positions = Float32Array.of(-10, -10, 500, 0, 0, -500);
    const pixels = painted({ positions, steps: Uint8Array.of(1, 1, 1) });
    expect(at(pixels, 1, 1)).toBe(RED);
    expect(pixels.filter((pixel) => pixel !== SURFACE).length).toBeLessThan(29);
  });

  it('has strong points on top, whatever their number', () => {
    const steps = Uint8Array.of(1, 0, 1, 0);
    expect([...paintOrder(steps)]).toEqual([1, 3, 0, 2]);
    const pixels = painted({ positions: Float32Array.of(0, 0, 0, 0, 5, 5, 5, 5), steps });
    expect(at(pixels, 11, 11)).toBe(RED);
    expect(at(pixels, 16, 16)).toBe(RED);
  });
});
