import { create } from 'd3';
import { activationRatio, effectTint } from '../../shared/colour.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { type HeadLine, headName, largestSize, signed, sourceSums } from './derive.ts';

/** Measures of a matrix on screen and in files, in CSS pixels. */
export const LINE = 20;
/** Above the cells: sums over the lines. */
export const SUMS = 34;
/** Below the cells: the tokens, where a column is wide enough to name it. */
export const NAMES = 74;
export const NAMED_FROM = 12;
const CHARACTERS = 10;

export const shortened = (text: string): string => {
  const characters = Array.from(visibleText(text));
  return characters.length > CHARACTERS
    ? `${characters.slice(0, CHARACTERS - 1).join('')}…`
    : characters.join('');
};

/** Share of a colour scale with a sign, compressed as activations are. */
export const signedRatio = (value: number, most: number): number =>
  Math.sign(value) * activationRatio(Math.abs(value), most);

export function columnWidth(width: number, columns: number): number {
  return Math.max(columns > 200 ? 5 : NAMED_FROM, Math.min(28, Math.floor(width / columns)));
}

/** What a matrix shows. */
export interface MatrixData {
  lines: readonly HeadLine[];
  /** Columns: rows of the text from 0. */
  columns: number;
  texts: readonly string[];
}

/** Draws sums, cells and token names. @param width of a column */
export function paintMatrix(
  canvas: HTMLCanvasElement,
  { lines, columns, texts }: MatrixData,
  width: number,
): void {
  const look = getComputedStyle(canvas);
  const colour = (name: string): string => look.getPropertyValue(name).trim();
  const size = { width: columns * width, height: SUMS + lines.length * LINE + NAMES };
  // Browsers refuse canvases wider than this many pixels.
  const scale = Math.min(globalThis.devicePixelRatio || 1, 16_000 / size.width);
  canvas.width = Math.round(size.width * scale);
  canvas.height = Math.round(size.height * scale);
  const context = canvas.getContext('2d');
  if (!context) return;
  context.scale(scale, scale);
  const [positive, negative] = [colour('--effect-positive'), colour('--effect-negative')];
  const most = largestSize(lines.flatMap(({ bySource }) => [largestSize(bySource.subarray(0, columns))]));
  lines.forEach(({ bySource }, line) => {
    for (let column = 0; column < columns; column++) {
      const ratio = signedRatio(bySource[column]!, most);
      if (ratio === 0) continue;
      context.fillStyle = ratio < 0 ? negative : positive;
      context.globalAlpha = 0.08 + 0.92 * Math.abs(ratio);
      context.fillRect(column * width, SUMS + line * LINE, width - (width > 8 ? 1 : 0), LINE - 1);
    }
  });
  context.globalAlpha = 1;
  const sums = sourceSums(lines, columns);
  const tallest = largestSize(sums);
  sums.forEach((value, column) => {
    const tall = tallest > 0 ? (Math.abs(value) / tallest) * (SUMS / 2 - 2) : 0;
    context.fillStyle = colour(value < 0 ? '--effect-negative-mark' : '--effect-positive-mark');
    context.fillRect(column * width, SUMS / 2 - (value > 0 ? tall : 0), Math.max(1, width - 1), tall);
  });
  context.fillStyle = colour('--line-strong');
  context.fillRect(0, SUMS / 2, size.width, 1);
  if (width < NAMED_FROM) return;
  context.fillStyle = colour('--ink');
  context.font = `11px ${colour('--mono')}`;
  context.textBaseline = 'middle';
  for (let column = 0; column < columns; column++) {
    context.save();
    context.translate(column * width + width / 2, SUMS + lines.length * LINE + 3);
    context.rotate(Math.PI / 2);
    context.fillText(shortened(texts[column]!), 0, 0);
    context.restore();
  }
}

const LABEL = 110;

/** The same as one drawing, for export; cells too small to be seen are left out. */
export function matrixDrawing({ lines, columns, texts }: MatrixData): SVGSVGElement {
  const width = columnWidth(900, columns);
  const named = width >= NAMED_FROM;
  const most = largestSize(lines.map(({ bySource }) => largestSize(bySource.subarray(0, columns))));
  const cells = lines.flatMap(({ bySource }, line) =>
    Array.from({ length: columns }, (_, column) => ({ line, column, value: bySource[column]! })).filter(
      ({ value }) => Math.abs(value) > most / 500,
    ),
  );
  const drawing = create('svg:svg')
    .attr('width', LABEL + columns * width)
    .attr('height', lines.length * LINE + (named ? NAMES : 4));
  const write = (text: string, transform: string, anchor: string): void => {
    drawing
      .append('text')
      .attr('transform', transform)
      .attr('text-anchor', anchor)
      .attr('dominant-baseline', 'middle')
      .style('fill', 'var(--ink)')
      .style('font-family', 'var(--mono)')
      .style('font-size', '11px')
      .text(text);
  };
  drawing
    .selectAll('rect')
    .data(cells)
    .join('rect')
    .attr('x', ({ column }) => LABEL + column * width)
    .attr('y', ({ line }) => line * LINE)
    .attr('width', width - (width > 8 ? 1 : 0))
    .attr('height', LINE - 1)
    .style('fill', ({ value }) => effectTint(signedRatio(value, most)));
  lines.forEach((line, i) =>
    write(`${headName(line)} ${signed(line.value)}`, `translate(${LABEL - 8},${i * LINE + LINE / 2})`, 'end'),
  );
  if (named)
    for (let column = 0; column < columns; column++)
      write(
        shortened(texts[column]!),
        `translate(${LABEL + column * width + width / 2},${lines.length * LINE + 4}) rotate(90)`,
        'start',
      );
  return drawing.node() as SVGSVGElement;
}
