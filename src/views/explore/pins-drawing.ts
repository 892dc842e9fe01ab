import { create } from 'd3';
import { activationRatio, mark } from '../shared/colour.ts';
import { formatActivation } from '../shared/format.ts';

const ROW = 34;
const LABEL = 64;
const WIDTH = 640;
const NUMBER = 60;

/** Pinned features under each other over the tokens of a text, each on its own scale, for export. */
export function pinsDrawing(rows: readonly { feature: number; values: Float32Array }[]): SVGSVGElement {
  const drawing = create('svg:svg')
    .attr('width', LABEL + WIDTH + NUMBER)
    .attr('height', rows.length * ROW);
  const groups = drawing
    .selectAll('g')
    .data(rows.map(({ feature, values }) => ({ feature, values, max: Math.max(0, ...values) })))
    .join('g')
    .attr('transform', (_, i) => `translate(0,${i * ROW})`);
  const text = (x: number, of: (row: { feature: number; max: number }) => string): void => {
    groups
      .append('text')
      .attr('x', x)
      .attr('y', ROW / 2 + 4)
      .style('fill', 'var(--ink)')
      .style('font-family', 'var(--mono)')
      .style('font-size', '12px')
      .text(of);
  };
  text(0, ({ feature }) => `#${feature}`);
  text(LABEL + WIDTH + 6, ({ max }) => formatActivation(max));
  groups
    .selectAll('rect')
    .data(({ values, max }) =>
      Array.from(values, (value, row) => ({
        x: LABEL + (row * WIDTH) / values.length,
        width: Math.max(0.8, (0.8 * WIDTH) / values.length),
        height: value > 0 ? Math.max(1.5, activationRatio(value, max) * (ROW - 6)) : 0,
      })),
    )
    .join('rect')
    .attr('x', ({ x }) => x)
    .attr('y', ({ height }) => ROW - 2 - height)
    .attr('width', ({ width }) => width)
    .attr('height', ({ height }) => height)
    .style('fill', mark.activation);
  return drawing.node() as SVGSVGElement;
}
