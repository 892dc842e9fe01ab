import { describe, expect, it } from 'vitest';
import { TestRandom } from '../../../testing/random.ts';
import {
  fitted,
  indexOf,
  inFrame,
  inLasso,
  nextThatWay,
  panned,
  pointAt,
  toFrame,
  toLayout,
  zoomed,
} from './geometry.ts';

const frame = { width: 400, height: 200 };
/** A plus sign: middle, right, down, left, up. */
const plus = Float32Array.of(0, 0, 10, 0, 0, 5, -10, 0, 0, -5);

describe('what is in sight', () => {
  const whole = fitted(plus, frame);

  it('is everything at first', () => {
    expect(inFrame(plus, whole, frame)).toEqual([0, 1, 2, 3, 4]);
    expect(toFrame(whole, frame, 0, 0)).toEqual({ x: 200, y: 100 });
    expect(inFrame(plus, { ...whole, zoom: whole.zoom * 2 }, frame)).toEqual([0]);
    expect(fitted(new Float32Array(), frame)).toEqual({ x: 0, y: 0, zoom: 1 });
    expect(Number.isFinite(fitted(Float32Array.of(3, 3), frame).zoom)).toBe(true);
  });

  it('stays where the pointer is when zooming, within bounds', () => {
    const about = { x: 310, y: 30 };
    const before = toLayout(whole, frame, about);
    const nearer = zoomed(whole, frame, 3, about, whole);
    expect(nearer.zoom).toBeCloseTo(3 * whole.zoom);
    const after = toLayout(nearer, frame, about);
    expect([after.x - before.x, after.y - before.y].every((off) => Math.abs(off) < 1e-9)).toBe(true);
    expect(zoomed(whole, frame, 1e9, about, whole).zoom).toBeCloseTo(400 * whole.zoom);
    expect(zoomed(whole, frame, 1e-9, about, whole).zoom).toBeCloseTo(whole.zoom / 2);
  });

  it('follows the hand', () => {
    const moved = toFrame(panned(whole, 30, -7), frame, 0, 0);
    expect([moved.x, moved.y]).toEqual([expect.closeTo(230), expect.closeTo(93)]);
  });
});

describe('points', () => {
  const whole = fitted(plus, frame);

  it('are hit by what is nearest, if it is near enough', () => {
    const index = indexOf(plus);
    const right = toFrame(whole, frame, 10, 0);
    expect(pointAt(index, whole, frame, { x: right.x - 5, y: right.y + 3 }, 12)).toBe(1);
    expect(pointAt(index, whole, frame, { x: right.x - 5, y: right.y + 13 }, 12)).toBeUndefined();
  });

  it('are hit as a plain search says, however many', () => {
    const random = new TestRandom(4);
    const positions = random.normal(2 * 2000);
    const index = indexOf(positions);
    const camera = fitted(positions, frame);
    for (let i = 0; i < 100; i++) {
      const spot = { x: random.next() * frame.width, y: random.next() * frame.height };
      const away = (place: number): number => {
        const { x, y } = toFrame(camera, frame, positions[2 * place]!, positions[2 * place + 1]!);
        return Math.hypot(x - spot.x, y - spot.y);
      };
      const nearest = Array.from({ length: 2000 }, (_, place) => place).reduce((best, place) =>
        away(place) < away(best) ? place : best,
      );
      const found = pointAt(index, camera, frame, spot, 10);
      expect(found).toBe(away(nearest) <= 10 ? nearest : undefined);
    }
  });

  it('are inside a lasso, whatever its shape', () => {
    const corner = (x: number, y: number) => ({ x, y });
    expect(inLasso(plus, [corner(-1, -6), corner(1, -6), corner(1, 6), corner(-1, 6)])).toEqual([0, 2, 4]);
    // An arrowhead that leaves its notch out.
    expect(inLasso(plus, [corner(-11, 6), corner(0, -6), corner(11, 6), corner(0, -1)])).toEqual([4]);
    expect(inLasso(plus, [corner(0, 0), corner(1, 1)])).toEqual([]);
    expect(inLasso(plus, [])).toEqual([]);
  });

  it('are walked by arrows', () => {
    const ways = { right: { x: 1, y: 0 }, down: { x: 0, y: 1 }, left: { x: -1, y: 0 }, up: { x: 0, y: -1 } };
    expect(Object.values(ways).map((way) => nextThatWay(plus, 0, way))).toEqual([1, 2, 3, 4]);
    expect(nextThatWay(plus, 1, ways.right)).toBeUndefined();
    expect(nextThatWay(plus, 1, ways.left)).toBe(0);
  });
});
