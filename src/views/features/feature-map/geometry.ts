import { type Quadtree, quadtree } from 'd3';

/** What is in sight: the point of the layout in the middle of the frame, and CSS pixels per unit of the layout. */
export interface Camera {
  x: number;
  y: number;
  zoom: number;
}

export interface Frame {
  width: number;
  height: number;
}

export interface Spot {
  x: number;
  y: number;
}

const MARGIN = 16;
/** Against the whole map in the frame. */
const LEAST_ZOOM = 0.5;
const MOST_ZOOM = 400;

/** The whole map in the frame. @param positions [n · 2] */
export function fitted(positions: Float32Array, { width, height }: Frame): Camera {
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let at = 0; at < positions.length; at += 2) {
    left = Math.min(left, positions[at]!);
    right = Math.max(right, positions[at]!);
    top = Math.min(top, positions[at + 1]!);
    bottom = Math.max(bottom, positions[at + 1]!);
  }
  if (left > right) return { x: 0, y: 0, zoom: 1 };
  const room = (size: number): number => Math.max(1, size - 2 * MARGIN);
  const zoom = Math.min(
    room(width) / Math.max(1e-6, right - left),
    room(height) / Math.max(1e-6, bottom - top),
  );
  return { x: (left + right) / 2, y: (top + bottom) / 2, zoom };
}

export const toFrame = (camera: Camera, { width, height }: Frame, x: number, y: number): Spot => ({
  x: (x - camera.x) * camera.zoom + width / 2,
  y: (y - camera.y) * camera.zoom + height / 2,
});

export const toLayout = (camera: Camera, { width, height }: Frame, { x, y }: Spot): Spot => ({
  x: (x - width / 2) / camera.zoom + camera.x,
  y: (y - height / 2) / camera.zoom + camera.y,
});

/** Nearer or farther; what is at `about` stays there. @param whole the camera that shows the whole map */
export function zoomed(camera: Camera, frame: Frame, factor: number, about: Spot, whole: Camera): Camera {
  const zoom = Math.min(whole.zoom * MOST_ZOOM, Math.max(whole.zoom * LEAST_ZOOM, camera.zoom * factor));
  const fixed = toLayout(camera, frame, about);
  return {
    x: fixed.x - (about.x - frame.width / 2) / zoom,
    y: fixed.y - (about.y - frame.height / 2) / zoom,
    zoom,
  };
}

export const panned = (camera: Camera, byX: number, byY: number): Camera => ({
  ...camera,
  x: camera.x - byX / camera.zoom,
  y: camera.y - byY / camera.zoom,
});

export type PointIndex = Quadtree<number>;

export function indexOf(positions: Float32Array): PointIndex {
  return quadtree<number>()
    .x((place) => positions[2 * place]!)
    .y((place) => positions[2 * place + 1]!)
    .addAll(Array.from({ length: positions.length / 2 }, (_, place) => place));
}

/** The point nearest to a spot of the frame, at most so many CSS pixels away. */
export function pointAt(
  index: PointIndex,
  camera: Camera,
  frame: Frame,
  spot: Spot,
  reach: number,
): number | undefined {
  const { x, y } = toLayout(camera, frame, spot);
  return index.find(x, y, reach / camera.zoom);
}

/** Places of the points in the frame. */
export function inFrame(positions: Float32Array, camera: Camera, frame: Frame): number[] {
  const low = toLayout(camera, frame, { x: 0, y: 0 });
  const high = toLayout(camera, frame, { x: frame.width, y: frame.height });
  const found: number[] = [];
  for (let place = 0; 2 * place < positions.length; place++) {
    const [x, y] = [positions[2 * place]!, positions[2 * place + 1]!];
    if (x >= low.x && x <= high.x && y >= low.y && y <= high.y) found.push(place);
  }
  return found;
}

/** Places of the points inside a closed line, whose crossings count as even–odd. @param line corners, in the layout */
export function inLasso(positions: Float32Array, line: readonly Spot[]): number[] {
  const found: number[] = [];
  for (let place = 0; 2 * place < positions.length; place++) {
    const [x, y] = [positions[2 * place]!, positions[2 * place + 1]!];
    let inside = false;
    for (let i = 0, before = line.length - 1; i < line.length; before = i++) {
      const [a, b] = [line[i]!, line[before]!];
      if (a.y > y !== b.y > y && x < ((b.x - a.x) * (y - a.y)) / (b.y - a.y) + a.x) inside = !inside;
    }
    if (inside) found.push(place);
  }
  return found;
}

/**
 * Where an arrow key leads: the nearest point that way, one aside counting as farther away.
 * @param way −1, 0 or 1 along each axis, one of them 0
 */
export function nextThatWay(positions: Float32Array, place: number, way: Spot): number | undefined {
  const [fromX, fromY] = [positions[2 * place]!, positions[2 * place + 1]!];
  let [best, least] = [undefined as number | undefined, Infinity];
  for (let other = 0; 2 * other < positions.length; other++) {
    const [x, y] = [positions[2 * other]! - fromX, positions[2 * other + 1]! - fromY];
    const along = x * way.x + y * way.y;
    const aside = Math.abs(x * way.y) + Math.abs(y * way.x);
    if (along <= 0 || aside > along) continue;
    const cost = along + aside;
    if (cost < least) [best, least] = [other, cost];
  }
  return best;
}
