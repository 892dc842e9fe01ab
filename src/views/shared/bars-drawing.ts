import { create } from 'd3';

const ROW = 22;
const LABEL = 130;
const BAR = 260;
const NUMBER = 90;

export interface DrawnBar {
  label: string;
  value: number;
  shown: string;
  colour: string;
}

/** Labelled horizontal bars as one drawing, for export of lists that are HTML on screen. Signed values grow both ways. */
export function barsDrawing(bars: readonly DrawnBar[]): SVGSVGElement {
  const most = Math.max(1e-12, ...bars.map(({ value }) => Math.abs(value)));
  const signed = bars.some(({ value }) => value < 0);
  const zero = LABEL + (signed ? BAR / 2 : 0);
  const unit = (signed ? BAR / 2 : BAR) / most;
  const drawing = create('svg:svg')
    .attr('width', LABEL + BAR + NUMBER)
    .attr('height', bars.length * ROW);
  const rows = drawing
    .selectAll('g')
    .data(bars)
    .join('g')
    .attr('transform', (_, i) => `translate(0,${i * ROW})`);
  const text = (x: number, anchor: string, of: (bar: DrawnBar) => string): void => {
    rows
      .append('text')
      .attr('x', x)
      .attr('y', ROW / 2)
      .attr('text-anchor', anchor)
      .attr('dominant-baseline', 'middle')
      .style('fill', 'var(--ink)')
      .style('font-family', 'var(--mono)')
      .style('font-size', '12px')
      .text(of);
  };
  text(LABEL - 8, 'end', ({ label }) => label);
  rows
    .append('rect')
    .attr('x', ({ value }) => Math.min(zero, zero + value * unit))
    .attr('y', 3)
    .attr('width', ({ value }) => Math.abs(value) * unit)
    .attr('height', ROW - 6)
    .style('fill', ({ colour }) => colour);
  text(LABEL + BAR + NUMBER, 'end', ({ shown }) => shown);
  return drawing.node() as SVGSVGElement;
}
