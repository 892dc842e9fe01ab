import { create } from 'd3';
import { extentOf, type Measure, ratioOf } from '../../state/head-measures.ts';
import { measureTint, shortValue } from './derived.ts';

const CELL = 34;
const EDGE = 40;

/** The grid of heads as a drawing, values printed, for export. */
export function gridDrawing(measure: Measure, nLayers: number, nHeads: number): SVGSVGElement {
  const extent = extentOf(measure);
  const drawing = create('svg:svg')
    .attr('width', EDGE + nHeads * CELL)
    .attr('height', EDGE + nLayers * CELL + 24);
  const text = (x: number, y: number, content: string, anchor = 'middle', quiet = false): void => {
    drawing
      .append('text')
      .attr('x', x)
      .attr('y', y)
      .attr('text-anchor', anchor)
      .style('fill', quiet ? 'var(--ink-quiet)' : 'var(--ink)')
      .style('font-family', 'var(--font)')
      .style('font-size', '11px')
      .text(content);
  };
  text(0, 12, 'layer, head →', 'start', true);
  for (let head = 0; head < nHeads; head++)
    text(EDGE + (head + 0.5) * CELL, EDGE - 8, String(head), 'middle', true);
  for (let layer = 0; layer < nLayers; layer++) {
    text(EDGE - 10, EDGE + (layer + 0.5) * CELL + 4, String(layer), 'end', true);
    for (let head = 0; head < nHeads; head++) {
      const value = measure.values[layer * nHeads + head]!;
      drawing
        .append('rect')
        .attr('x', EDGE + head * CELL)
        .attr('y', EDGE + layer * CELL)
        .attr('width', CELL - 1)
        .attr('height', CELL - 1)
        .style('fill', measureTint(ratioOf(value, extent, measure.signed), measure.signed))
        .style('stroke', 'var(--line)');
      text(EDGE + (head + 0.5) * CELL, EDGE + (layer + 0.5) * CELL + 4, shortValue(value));
    }
  }
  const unit = measure.unit ? `, ${measure.unit}` : '';
  text(
    0,
    EDGE + nLayers * CELL + 18,
    `${measure.title}${unit}: ${extent.map(shortValue).join(' to ')}`,
    'start',
  );
  return drawing.node() as SVGSVGElement;
}
