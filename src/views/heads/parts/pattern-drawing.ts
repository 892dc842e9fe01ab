import { create } from 'd3';
import type { TokenRecord } from '../../../engine/protocol.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { bitmapOf } from './palette.ts';
import { GUTTER } from './pattern-pixels.ts';

const SIDE = 560;
const CAPTION = 24;
/** More tokens than this are not named: their names would lie over each other. */
const NAMED = 56;

/**
 * A pattern as a drawing for export: its bitmap, one pixel a cell, with the tokens named where they fit.
 * @param caption which head, what is shown, on which scale
 */
export function patternDrawing(
  pixels: Uint32Array,
  tokens: readonly TokenRecord[],
  caption: string,
): SVGSVGElement {
  const named = tokens.length <= NAMED;
  const edge = named ? GUTTER : 18;
  const drawing = create('svg:svg')
    .attr('width', edge + SIDE)
    .attr('height', edge + SIDE + CAPTION);
  drawing
    .append('image')
    .attr('x', edge)
    .attr('y', edge)
    .attr('width', SIDE)
    .attr('height', SIDE)
    .attr('preserveAspectRatio', 'none')
    .attr('image-rendering', 'pixelated')
    .attr('href', bitmapOf(pixels).toDataURL());
  drawing
    .append('rect')
    .attr('x', edge)
    .attr('y', edge)
    .attr('width', SIDE)
    .attr('height', SIDE)
    .style('fill', 'none')
    .style('stroke', 'var(--line)');
  const text = (content: string, transform: string, anchor: string, size = '11px'): void => {
    drawing
      .append('text')
      .attr('transform', transform)
      .attr('text-anchor', anchor)
      .style('fill', 'var(--ink)')
      .style('font-family', 'var(--mono)')
      .style('font-size', size)
      .text(content);
  };
  text(caption, `translate(${edge},${edge + SIDE + CAPTION - 6})`, 'start');
  if (!named) {
    text('key →', `translate(${edge},12)`, 'start');
    text('query →', `translate(12,${edge}) rotate(90)`, 'start');
  } else {
    const step = SIDE / tokens.length;
    const size = `${Math.min(11, step).toFixed(1)}px`;
    tokens.forEach((token, row) => {
      const shown = shortName(token.text);
      const middle = edge + (row + 0.5) * step;
      text(shown, `translate(${edge - 5},${middle + 3})`, 'end', size);
      text(shown, `translate(${middle + 3},${edge - 5}) rotate(-90)`, 'start', size);
    });
  }
  return drawing.node() as SVGSVGElement;
}

/** As much of a token as an edge has room for. */
export function shortName(text: string): string {
  const shown = Array.from(visibleText(text));
  return shown.length > 11 ? `${shown.slice(0, 10).join('')}…` : shown.join('');
}
