import type { FeatureMap } from '../../../state/feature-map.ts';
import { type Camera, type Frame, type Spot, toFrame } from './geometry.ts';

interface Over {
  map: FeatureMap;
  camera: Camera;
  frame: Frame;
  /** The point that is looked at. */
  active: number | undefined;
  ringed: readonly number[];
  /** A lasso being drawn, in CSS pixels of the frame. */
  line: readonly Spot[];
}

/** True neighbours that lines lead to. */
export const SHOWN_NEIGHBOURS = 8;
/** Rings with their numbers beside them. */
const NAMED = 40;
const RING = 6;

/** Draws what changes with every move of the pointer over the points: rings, lines to true neighbours, the lasso. */
export function drawOver(canvas: HTMLCanvasElement, over: Over): void {
  const { map, camera, frame, active, ringed, line } = over;
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [Math.round(frame.width * ratio), Math.round(frame.height * ratio)];
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext('2d')!;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, frame.width, frame.height);
  const theme = getComputedStyle(document.documentElement);
  const of = (name: string): string => theme.getPropertyValue(name).trim();
  const spot = (place: number): Spot =>
    toFrame(camera, frame, map.positions[2 * place]!, map.positions[2 * place + 1]!);
  const ring = ({ x, y }: Spot, radius: number, colour: string): void => {
    // Twice, so that it stands out from points of its own colour.
    for (const [style, thick] of [
      [of('--surface'), 4],
      [colour, 2],
    ] as const) {
      context.strokeStyle = style;
      context.lineWidth = thick;
      context.beginPath();
      context.arc(x, y, radius, 0, 2 * Math.PI);
      context.stroke();
    }
  };
  const name = (place: number, { x, y }: Spot): void => {
    context.font = `600 12px ${theme.fontFamily}`;
    context.lineWidth = 3;
    context.strokeStyle = of('--surface');
    context.fillStyle = of('--ink');
    const text = `#${map.features[place]}`;
    const left = x + RING + 4 + context.measureText(text).width > frame.width;
    context.textAlign = left ? 'right' : 'left';
    const at = left ? x - RING - 3 : x + RING + 3;
    context.strokeText(text, at, y - 4);
    context.fillText(text, at, y - 4);
  };

  for (const place of ringed) ring(spot(place), RING, of('--accent'));
  if (ringed.length <= NAMED) for (const place of ringed) name(place, spot(place));
  if (active !== undefined && active < map.features.length) {
    const own = spot(active);
    const nearest = map.indices.subarray(active * map.k, active * map.k + Math.min(map.k, SHOWN_NEIGHBOURS));
    context.strokeStyle = of('--attribution-mark');
    context.lineWidth = 1.5;
    for (const other of nearest) {
      const to = spot(other);
      context.beginPath();
      context.moveTo(own.x, own.y);
      context.lineTo(to.x, to.y);
      context.stroke();
    }
    for (const other of nearest) ring(spot(other), RING - 2, of('--attribution-mark'));
    ring(own, RING + 2, of('--ink'));
    name(active, own);
  }
  const [start, ...rest] = line;
  if (!start) return;
  context.strokeStyle = of('--accent');
  context.fillStyle = of('--accent');
  context.lineWidth = 2;
  context.setLineDash([5, 4]);
  context.beginPath();
  context.moveTo(start.x, start.y);
  for (const corner of rest) context.lineTo(corner.x, corner.y);
  context.closePath();
  context.stroke();
  context.setLineDash([]);
  context.globalAlpha = 0.12;
  context.fill('evenodd');
  context.globalAlpha = 1;
}
