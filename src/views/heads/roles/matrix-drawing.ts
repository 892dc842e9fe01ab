import { create } from 'd3';
import type { HeadRoles } from '../../../engine/protocol.ts';
import { effectTint } from '../../shared/colour.ts';
import { formatSigned } from '../../shared/format.ts';

const CELL = { width: 78, height: 28 };
const LEFT = 62;
const TOP = 26;

/** The matrix of ablations for export. */
export function matrixDrawing(head: HeadRoles, count: number, most: number): SVGSVGElement {
  const drawing = create('svg:svg')
    .attr('width', LEFT + count * CELL.width)
    .attr('height', TOP + count * CELL.height + 2);
  const text = (x: number, y: number, anchor: string, content: string): void => {
    drawing
      .append('text')
      .attr('x', x)
      .attr('y', y)
      .attr('text-anchor', anchor)
      .attr('dominant-baseline', 'middle')
      .style('fill', 'var(--ink)')
      .style('font-size', '12px')
      .text(content);
  };
  for (let r = 0; r < count; r++) {
    const y = TOP + r * CELL.height;
    text(LEFT - 6, y + CELL.height / 2, 'end', `role ${r + 1}`);
    text(LEFT + (r + 0.5) * CELL.width, TOP / 2, 'middle', `without ${r + 1}`);
    for (let q = 0; q < count; q++) {
      const rise = head.roles[r]!.riseWithout[q] ?? NaN;
      drawing
        .append('rect')
        .attr('x', LEFT + q * CELL.width + 1)
        .attr('y', y + 1)
        .attr('width', CELL.width - 2)
        .attr('height', CELL.height - 2)
        .style('fill', effectTint(rise / most))
        .style('stroke', r === q ? 'var(--ink)' : 'var(--line)');
      const separate = head.separate.some(([a, b]) => (a === r && b === q) || (a === q && b === r));
      text(
        LEFT + (q + 0.5) * CELL.width,
        y + CELL.height / 2,
        'middle',
        `${formatSigned(rise, 3)}${separate ? ' ⊥' : ''}`,
      );
    }
  }
  return drawing.node() as SVGSVGElement;
}
