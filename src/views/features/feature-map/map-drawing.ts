import { create } from 'd3';
import type { FeatureMap } from '../../../state/feature-map.ts';
import { stepColour } from './colours.ts';
import { fitted, type Frame, toFrame } from './geometry.ts';
import { paintOrder, pointRadius } from './paint.ts';

const FRAME: Frame = { width: 760, height: 560 };
const CAPTION = 24;

interface Drawn {
  map: FeatureMap;
  steps: Uint8Array;
  /** Places with a number beside them. */
  ringed: readonly number[];
  caption: string;
}

/** The whole map as a drawing for export: one path a colour, however many points. */
export function mapDrawing({ map, steps, ringed, caption }: Drawn): SVGSVGElement {
  const { positions } = map;
  const camera = fitted(positions, FRAME);
  const spot = (place: number) => toFrame(camera, FRAME, positions[2 * place]!, positions[2 * place + 1]!);
  const drawing = create('svg:svg')
    .attr('width', FRAME.width)
    .attr('height', FRAME.height + CAPTION);
  const paths = new Map<number, string[]>();
  for (const place of paintOrder(steps)) {
    const { x, y } = spot(place);
    const step = steps[place]!;
    if (!paths.has(step)) paths.set(step, []);
    // A line without length has round ends: a dot.
    paths.get(step)!.push(`M${x.toFixed(1)} ${y.toFixed(1)}h0`);
  }
  for (const [step, dots] of paths) {
    drawing
      .append('path')
      .attr('d', dots.join(''))
      .attr('stroke-linecap', 'round')
      .style('fill', 'none')
      .style('stroke', stepColour(step))
      .style('stroke-width', `${2 * pointRadius(steps.length, 1)}px`);
  }
  const text = (content: string, x: number, y: number): void => {
    drawing
      .append('text')
      .attr('x', x)
      .attr('y', y)
      .style('fill', 'var(--ink)')
      .style('font-family', 'var(--font)')
      .style('font-size', '12px')
      .text(content);
  };
  for (const place of ringed) {
    const { x, y } = spot(place);
    drawing
      .append('circle')
      .attr('cx', x)
      .attr('cy', y)
      .attr('r', 6)
      .style('fill', 'none')
      .style('stroke', 'var(--accent)')
      .style('stroke-width', '2px');
    text(`#${map.features[place]}`, x + 9, y - 4);
  }
  text(caption, 4, FRAME.height + CAPTION - 8);
  return drawing.node() as SVGSVGElement;
}
