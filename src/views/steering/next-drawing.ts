import { create } from 'd3';
import { formatPercent } from '../shared/format.ts';
import { visibleText } from '../shared/visible-text.ts';
import type { Chance, NextRow } from './next-rows.ts';

export type ArmName = 'base' | 'steered' | 'frozen';

/** Colours of the sides, the same in every panel; shape or words tell them apart as well. */
export const ARM: Record<ArmName, { name: string; colour: string }> = {
  base: { name: 'as is', colour: 'var(--ink-quiet)' },
  steered: { name: 'steered', colour: 'var(--effect-positive-mark)' },
  frozen: { name: 'steered, attention frozen', colour: 'var(--attribution-mark)' },
};

export const chanceText = ({ p, below }: Chance): string => `${below ? '< ' : ''}${formatPercent(p)}`;

const LINE = 15;
const GAP = 8;
const LABEL = 140;
const BAR = 280;
const NUMBER = 80;

/** Paired bars for export: each token with a bar for every side. */
export function nextDrawing(rows: readonly NextRow[]): SVGSVGElement {
  const arms = (['base', 'steered', 'frozen'] as const).filter((arm) => rows.some((row) => row[arm]));
  const most = Math.max(1e-12, ...rows.flatMap((row) => arms.map((arm) => row[arm]?.p ?? 0)));
  const height = arms.length * LINE + GAP;
  const drawing = create('svg:svg')
    .attr('width', LABEL + BAR + NUMBER)
    .attr('height', rows.length * height + LINE + GAP);
  const write = (x: number, y: number, anchor: string, content: string, colour = 'var(--ink)'): void => {
    drawing
      .append('text')
      .attr('x', x)
      .attr('y', y)
      .attr('text-anchor', anchor)
      .attr('dominant-baseline', 'middle')
      .style('fill', colour)
      .style('font-family', 'var(--mono)')
      .style('font-size', '12px')
      .text(content);
  };
  let along = 0;
  for (const arm of arms) {
    const { name, colour } = ARM[arm];
    write(along, LINE / 2, 'start', `■ ${name}`, colour);
    along += 8 * (name.length + 4);
  }
  rows.forEach((row, i) => {
    const top = LINE + GAP + i * height;
    write(LABEL - 8, top + (arms.length * LINE) / 2, 'end', visibleText(row.text));
    arms.forEach((arm, line) => {
      const chance = row[arm]!;
      drawing
        .append('rect')
        .attr('x', LABEL)
        .attr('y', top + line * LINE + 2)
        .attr('width', chance.below ? 0 : (chance.p * BAR) / most)
        .attr('height', LINE - 4)
        .style('fill', ARM[arm].colour);
      write(LABEL + BAR + NUMBER, top + line * LINE + LINE / 2, 'end', chanceText(chance));
    });
  });
  return drawing.node() as SVGSVGElement;
}
