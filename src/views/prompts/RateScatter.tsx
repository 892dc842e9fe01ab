import { create, quadtree, scaleLog, type ScaleLogarithmic } from 'd3';
import { useEffect, useMemo, useRef, useState } from 'react';
import { usePage } from '../../state/store.ts';
import { isDecade } from '../shared/BinsChart.tsx';
import { formatActivation, formatPercent } from '../shared/format.ts';
import { useWidth } from '../shared/useWidth.ts';
import { visibleText } from '../shared/visible-text.ts';
import type { FeatureRow } from './overview-derived.ts';

const HEIGHT = 260;
const LEFT = 48;
const BOTTOM = 34;
const TOP = 8;
const RIGHT = 22;
/** Pixels around the pointer in which a point counts as pointed at. */
const REACH = 14;

interface Scales {
  x: ScaleLogarithmic<number, number>;
  y: ScaleLogarithmic<number, number>;
}

function scalesOf(rows: readonly FeatureRow[], width: number): Scales {
  let [lowRate, highRate, lowMax, highMax] = [Infinity, 0, Infinity, 0];
  for (const { rate, max } of rows) {
    lowRate = Math.min(lowRate, rate);
    highRate = Math.max(highRate, rate);
    lowMax = Math.min(lowMax, max);
    highMax = Math.max(highMax, max);
  }
  return {
    x: scaleLog([lowRate / 1.2, highRate * 1.2], [LEFT, width - RIGHT]),
    y: scaleLog([lowMax / 1.2, highMax * 1.2], [HEIGHT - BOTTOM, TOP]),
  };
}

/** Every feature that fired, by how often and how strongly. The list of features is the keyboard's way to the same. */
export function RateScatter({ rows, label }: { rows: readonly FeatureRow[]; label: string }) {
  const [ref, width] = useWidth<HTMLDivElement>();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [pointed, setPointed] = useState<FeatureRow>();
  const goTo = usePage((state) => state.goTo);
  const { x, y } = useMemo(() => scalesOf(rows, width), [rows, width]);
  const tree = useMemo(
    () =>
      quadtree<FeatureRow>(
        [...rows],
        ({ rate }) => x(rate),
        ({ max }) => y(max),
      ),
    [rows, x, y],
  );

  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d');
    if (!element || !context) return;
    const draw = (): void => {
      const ratio = devicePixelRatio || 1;
      element.width = Math.round(width * ratio);
      element.height = Math.round(HEIGHT * ratio);
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, width, HEIGHT);
      context.fillStyle = getComputedStyle(element).color;
      context.globalAlpha = rows.length > 5_000 ? 0.25 : 0.5;
      for (const { rate, max } of rows) context.fillRect(x(rate) - 1.5, y(max) - 1.5, 3, 3);
    };
    draw();
    // Colours are the theme's, which a canvas does not follow by itself.
    const watch = new MutationObserver(draw);
    watch.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
    return () => watch.disconnect();
  }, [rows, x, y, width]);

  const at = (event: { nativeEvent: { offsetX: number; offsetY: number } }): FeatureRow | undefined =>
    tree.find(event.nativeEvent.offsetX, event.nativeEvent.offsetY, REACH);
  return (
    <div ref={ref} className="rate-scatter">
      <canvas
        ref={canvas}
        role="img"
        aria-label={label}
        style={{ width, height: HEIGHT }}
        onPointerMove={(event) => setPointed(at(event))}
        onPointerLeave={() => setPointed(undefined)}
        onClick={(event) => {
          const found = at(event);
          if (found) goTo('features', { feature: found.feature });
        }}
      />
      <Axes x={x} y={y} width={width} pointed={pointed} />
      <p className="small rate-scatter-said">
        {pointed ? (
          <>
            #{pointed.feature} {visibleText(pointed.top)} · {formatPercent(pointed.rate)} of tokens · largest{' '}
            {formatActivation(pointed.max)}
          </>
        ) : (
          'Point at a feature to see which it is; a click opens its page.'
        )}
      </p>
    </div>
  );
}

function Axes({ x, y, width, pointed }: Scales & { width: number; pointed: FeatureRow | undefined }) {
  return (
    <svg width={width} height={HEIGHT} aria-hidden="true">
      {x.ticks(Math.max(2, Math.floor(width / 110))).map((tick) => (
        <text key={tick} x={x(tick)} y={HEIGHT - BOTTOM + 13} className="tick" textAnchor="middle">
          {isDecade(tick) ? formatPercent(tick) : ''}
        </text>
      ))}
      {y.ticks(4).map((tick) => (
        <g key={tick}>
          {isDecade(tick) && (
            <line x1={LEFT} x2={width - RIGHT} y1={y(tick)} y2={y(tick)} className="grid-line" />
          )}
          <text x={LEFT - 5} y={y(tick)} className="tick" textAnchor="end" dominantBaseline="middle">
            {isDecade(tick) ? formatActivation(tick) : ''}
          </text>
        </g>
      ))}
      <text x={width - RIGHT} y={HEIGHT - 4} className="tick" textAnchor="end">
        share of tokens (log scale)
      </text>
      <text x={2} y={HEIGHT - 4} className="tick">
        largest value
      </text>
      {pointed && (
        <circle
          cx={x(pointed.rate)}
          cy={y(pointed.max)}
          r={5}
          fill="none"
          stroke="var(--accent)"
          strokeWidth={2}
        />
      )}
    </svg>
  );
}

/** The same as one drawing, for files. */
export function scatterDrawing(rows: readonly FeatureRow[]): SVGSVGElement {
  const width = 640;
  const { x, y } = scalesOf(rows, width);
  const drawing = create('svg:svg').attr('width', width).attr('height', HEIGHT);
  drawing
    .selectAll('rect')
    .data(rows)
    .join('rect')
    .attr('x', ({ rate }) => x(rate) - 1.5)
    .attr('y', ({ max }) => y(max) - 1.5)
    .attr('width', 3)
    .attr('height', 3)
    .attr('opacity', 0.5)
    .style('fill', 'var(--activation-mark)');
  const word = (text: string, at: readonly [number, number], anchor: string): void => {
    drawing
      .append('text')
      .attr('x', at[0])
      .attr('y', at[1])
      .attr('text-anchor', anchor)
      .style('fill', 'var(--ink-quiet)')
      .style('font-size', '11px')
      .text(text);
  };
  for (const tick of x.ticks().filter(isDecade))
    word(formatPercent(tick), [x(tick), HEIGHT - BOTTOM + 13], 'middle');
  for (const tick of y.ticks().filter(isDecade)) word(formatActivation(tick), [LEFT - 5, y(tick)], 'end');
  word('share of tokens (log scale)', [width - RIGHT, HEIGHT - 4], 'end');
  word('largest value', [2, HEIGHT - 4], 'start');
  return drawing.node() as SVGSVGElement;
}
