import { create } from 'd3';
import { effectTint } from '../../shared/colour.ts';
import { type HeadLine, largestSize, signed } from './derive.ts';
import { signedRatio } from './matrix-drawing.ts';

const WIDTH = 56;
const HEIGHT = 24;
const LEFT = 60;

/** Heads by layer as a drawing, the last layer on top, for export. */
export function gridDrawing(lines: readonly HeadLine[]): SVGSVGElement {
  const most = largestSize(lines.map(({ value }) => value));
  const top = Math.max(0, ...lines.map(({ layer }) => layer));
  const heads = 1 + Math.max(0, ...lines.map(({ head }) => head));
  const drawing = create('svg:svg')
    .attr('width', LEFT + heads * WIDTH)
    .attr('height', (top + 2) * HEIGHT);
  const write = (text: string, x: number, y: number): void => {
    drawing
      .append('text')
      .attr('x', x)
      .attr('y', y + HEIGHT / 2)
      .attr('text-anchor', 'middle')
      .attr('dominant-baseline', 'middle')
      .style('fill', 'var(--ink)')
      .style('font-family', 'var(--mono)')
      .style('font-size', '11px')
      .text(text);
  };
  for (const { layer, head, value } of lines) {
    const [x, y] = [LEFT + head * WIDTH, (top - layer) * HEIGHT];
    drawing
      .append('rect')
      .attr('x', x)
      .attr('y', y)
      .attr('width', WIDTH - 2)
      .attr('height', HEIGHT - 2)
      .style('fill', effectTint(signedRatio(value, most)));
    write(signed(value), x + WIDTH / 2, y);
  }
  for (let layer = 0; layer <= top; layer++) write(`layer ${layer}`, LEFT / 2, (top - layer) * HEIGHT);
  for (let head = 0; head < heads; head++) write(`${head}`, LEFT + (head + 0.5) * WIDTH, (top + 1) * HEIGHT);
  return drawing.node() as SVGSVGElement;
}
