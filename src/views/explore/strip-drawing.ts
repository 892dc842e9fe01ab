import { create } from 'd3';
import type { Analysis } from '../../engine/protocol.ts';
import { activationRatio, activationTint, attributionTint } from '../shared/colour.ts';
import { visibleText } from '../shared/visible-text.ts';
import type { Tinting } from './derived.ts';

const CHARACTER = 8.4; // width of a character of 14 px in the fonts of `--mono`
const LINE = 28;
const WIDTH = 760;
const GAP = 3;

/** The tinted tokens as a drawing, wrapped like text, for export. */
export function stripDrawing({ tokens }: Analysis, { what, values, max }: Tinting): SVGSVGElement {
  const scale = what === 'loss' ? attributionTint : activationTint;
  let x = 0;
  let y = 0;
  const boxes = tokens.map(({ text }, row) => {
    const shown = visibleText(text);
    // Characters outside Latin may be wider than one column; two are never too few.
    const columns = Array.from(shown).reduce((sum, character) => sum + (character < '\u0300' ? 1 : 2), 0);
    const width = columns * CHARACTER + 8;
    if (x > 0 && x + width > WIDTH) {
      x = 0;
      y += LINE;
    }
    const box = { shown, x, y, width, fill: scale(activationRatio(values[row]!, max)) };
    x += width + GAP;
    if (text.includes('\n')) {
      x = 0;
      y += LINE;
    }
    return box;
  });
  const drawing = create('svg:svg')
    .attr('width', WIDTH)
    .attr('height', y + LINE);
  const groups = drawing.selectAll('g').data(boxes).join('g');
  groups
    .append('rect')
    .attr('x', (box) => box.x)
    .attr('y', (box) => box.y + 1)
    .attr('width', (box) => box.width)
    .attr('height', LINE - 5)
    .attr('rx', 3)
    .style('fill', (box) => box.fill)
    .style('stroke', 'var(--line)');
  groups
    .append('text')
    .attr('x', (box) => box.x + 4)
    .attr('y', (box) => box.y + 17)
    .style('fill', 'var(--ink)')
    .style('font-family', 'var(--mono)')
    .style('font-size', '14px')
    .text((box) => box.shown);
  return drawing.node() as SVGSVGElement;
}
