import { scaleLog, symbol, symbolsFill, symbolTriangle } from 'd3';
import { useRef, useState } from 'react';
import { ridgeOf, type Roof, roofAt } from '../../shared/roofline.ts';
import type { BenchWorkload } from '../../engine/protocol.ts';
import { useSpeed } from '../../state/speed.ts';
import { isDecade } from '../shared/BinsChart.tsx';
import { mark } from '../shared/colour.ts';
import { Facts } from '../shared/Facts.tsx';
import { formatPercent } from '../shared/format.ts';
import { stepByKey } from '../shared/keys.ts';
import { Panel } from '../shared/Panel.tsx';
import { useWidth } from '../shared/useWidth.ts';
import {
  BOUNDS,
  GROUPS,
  KINDS,
  type NamedResults,
  type PlacedRow,
  placedRows,
  threeDigits,
  timeText,
} from './words.ts';

const HEIGHT = 340;
const LEFT = 52;
const RIGHT = 16;
const TOP = 12;
const BOTTOM = 36;
const SIZE = 70;

type Kind = BenchWorkload['shape']['kind'];

// Told apart by shape as well as by colour.
const SHAPES: Record<Kind, { path: string; colour: string }> = {
  block: { path: shape(0), colour: mark.activation },
  forward: { path: shape(3), colour: mark.activation },
  step: { path: shape(4), colour: mark.activation },
  'encoder-matmul': { path: shape(1), colour: mark.attribution },
  encode: { path: shape(2), colour: mark.attribution },
  decode: { path: shape(6), colour: mark.attribution },
  steer: { path: 'M0,7.4L6.4,-3.7H-6.4Z', colour: mark.negative },
  attention: { path: symbol(symbolTriangle, SIZE)() ?? '', colour: mark.positive },
};

function shape(which: number): string {
  return symbol(symbolsFill[which], SIZE)() ?? '';
}

/** Every workload between what the adapter moves and what it computes at most. */
export function Roofline({ shown }: { shown: NamedResults }) {
  const workloads = useSpeed((state) => state.workloads);
  const { roof } = shown.results;
  const rows = placedRows(shown.results, workloads);
  return (
    <Panel
      title="Roofline"
      about={
        <>
          <p>
            Across: operations of a workload for each byte it moves. Upward: operations a second. Both scales
            are logarithmic. The line is the most this adapter was measured to do at that intensity: what
            memory delivers on the slope, what it computes on the flat. A workload on the line could not be
            faster without moving or computing less.
          </p>
          <p>
            Bandwidth: the best of five rounds of copying up to 128 MiB, read and written bytes together.
            Peak: the best of five rounds of multiply-adds in registers, in two and in eight chains. Points
            above the slope found their data in caches, or only read it, which is quicker than copying.
          </p>
        </>
      }
      table={() => ({
        columns: ['what', 'FLOPs a byte', 'GFLOP/s', 'roof there, GFLOP/s', 'share of the roof', 'bound by'],
        rows: rows.map(({ title, placed }) => [
          title,
          placed.intensity,
          placed.gigaflopsPerSecond,
          roof ? roofAt(roof, placed.intensity) / 1e9 : null,
          roof ? placed.share : null,
          BOUNDS[placed.bound],
        ]),
      })}
    >
      {roof ? (
        <>
          <Facts
            facts={[
              {
                name: 'Bandwidth',
                about:
                  'Bytes a second, read and written together, of copying a buffer of up to 128 MiB; best of five rounds.',
                value: threeDigits(roof.bytesPerSecond / 1e9),
                unit: 'GB/s',
              },
              {
                name: 'Peak',
                about:
                  'Operations a second of multiply-adds that stay in registers, each counting two; best of five rounds.',
                value: threeDigits(roof.flopsPerSecond / 1e9),
                unit: 'GFLOP/s',
              },
              {
                name: 'Ridge',
                about:
                  'Operations a byte from which arithmetic bounds a workload, and bandwidth no longer does.',
                value: threeDigits(ridgeOf(roof)),
                unit: 'FLOPs a byte',
              },
            ]}
          />
          <Chart roof={roof} rows={rows.filter(({ placed }) => placed.intensity > 0)} workloads={workloads} />
        </>
      ) : (
        <p className="small">These times came without a measured roof.</p>
      )}
    </Panel>
  );
}

interface ChartProps {
  roof: Roof;
  rows: readonly PlacedRow[];
  workloads: readonly BenchWorkload[] | undefined;
}

function Chart({ roof, rows, workloads }: ChartProps) {
  const [ref, width] = useWidth<HTMLDivElement>();
  const list = useRef<SVGSVGElement>(null);
  const [at, setAt] = useState(0);
  const current = rows[Math.min(at, rows.length - 1)];
  const kindOf = (id: string): Kind => workloads?.find((one) => one.id === id)?.shape.kind ?? 'block';
  const intensities = rows.map(({ placed }) => placed.intensity);
  const speeds = rows.map(({ placed }) => placed.gigaflopsPerSecond * 1e9);
  const ridge = ridgeOf(roof);
  const x = scaleLog(
    [Math.min(ridge / 4, ...intensities) / 2, Math.max(4 * ridge, ...intensities) * 2],
    [LEFT, width - RIGHT],
  );
  const y = scaleLog(
    [Math.min(roof.flopsPerSecond / 100, ...speeds) / 2, Math.max(roof.flopsPerSecond, ...speeds) * 2],
    [HEIGHT - BOTTOM, TOP],
  );
  const [low, high] = x.domain() as [number, number];
  const roofLine = [low, ridge, high].map(
    (value) => `${x(value)},${y(Math.max(y.domain()[0]!, roofAt(roof, value)))}`,
  );
  const step = (to: number): void => {
    const next = Math.max(0, Math.min(rows.length - 1, to));
    setAt(next);
    list.current?.querySelectorAll<SVGElement>('[role=option]')[next]?.focus();
  };
  const used = [...new Set(rows.map(({ row }) => kindOf(row.id)))];
  const kinds = GROUPS.flatMap((group) => group.kinds).filter((kind) => used.includes(kind));
  return (
    <div ref={ref} className="roofline">
      <svg
        ref={list}
        width={width}
        height={HEIGHT}
        role="listbox"
        aria-label={`Roofline: ${rows.length} workloads under ${threeDigits(roof.bytesPerSecond / 1e9)} GB/s and ${threeDigits(roof.flopsPerSecond / 1e9)} GFLOP/s`}
        tabIndex={-1}
      >
        <g aria-hidden="true">
          {x
            .ticks()
            .filter(isDecade)
            .map((tick) => (
              <g key={tick}>
                <line className="grid-line" x1={x(tick)} x2={x(tick)} y1={TOP} y2={HEIGHT - BOTTOM} />
                <text className="tick" x={x(tick)} y={HEIGHT - BOTTOM + 14} textAnchor="middle">
                  {tick >= 1e4 ? tick.toExponential(0) : tick}
                </text>
              </g>
            ))}
          {y
            .ticks()
            .filter(isDecade)
            .map((tick) => (
              <g key={tick}>
                <line className="grid-line" x1={LEFT} x2={width - RIGHT} y1={y(tick)} y2={y(tick)} />
                <text className="tick" x={LEFT - 6} y={y(tick)} textAnchor="end" dominantBaseline="middle">
                  {tick >= 1e13 ? (tick / 1e9).toExponential(0) : tick / 1e9}
                </text>
              </g>
            ))}
          <text className="tick" x={width - RIGHT} y={HEIGHT - 6} textAnchor="end">
            FLOPs a byte (log scale)
          </text>
          <text className="tick" x={LEFT + 6} y={TOP + 8}>
            GFLOP/s (log scale)
          </text>
          <polyline points={roofLine.join(' ')} fill="none" stroke="var(--ink)" strokeWidth={2} />
        </g>
        {rows.map(({ row, title, placed }, i) => {
          const { path, colour } = SHAPES[kindOf(row.id)];
          const chosen = current?.row.id === row.id;
          return (
            <g
              key={row.id}
              role="option"
              aria-selected={chosen}
              aria-label={`${title}: ${said(row.ms.median, placed)}`}
              tabIndex={chosen ? 0 : -1}
              className="roofline-point"
              transform={`translate(${x(placed.intensity)},${y(placed.gigaflopsPerSecond * 1e9)})`}
              onFocus={() => setAt(i)}
              onPointerEnter={() => setAt(i)}
              onKeyDown={(event) =>
                stepByKey(event, {
                  ArrowRight: () => step(i + 1),
                  ArrowDown: () => step(i + 1),
                  ArrowLeft: () => step(i - 1),
                  ArrowUp: () => step(i - 1),
                  Home: () => step(0),
                  End: () => step(rows.length - 1),
                })
              }
            >
              <circle r={14} fill="transparent" />
              <path
                d={path}
                fill={colour}
                stroke={chosen ? 'var(--ink)' : 'var(--surface)'}
                strokeWidth={chosen ? 2 : 1}
              />
            </g>
          );
        })}
      </svg>
      <p className="small" role="status" data-figure="roofline read-out">
        {current ? `${current.title}: ${said(current.row.ms.median, current.placed)}` : '\u00a0'}
      </p>
      <ul className="roofline-legend" aria-label="Shapes">
        {kinds.map((kind) => (
          <li key={kind} className="small">
            <svg width={16} height={16} viewBox="-8 -8 16 16" aria-hidden="true">
              <path d={SHAPES[kind].path} fill={SHAPES[kind].colour} />
            </svg>
            {KINDS[kind]}
          </li>
        ))}
      </ul>
    </div>
  );
}

function said(
  ms: number,
  { intensity, gigaflopsPerSecond, gigabytesPerSecond, share, bound }: PlacedRow['placed'],
): string {
  return `${timeText(ms)}, ${threeDigits(intensity)} FLOPs a byte, ${threeDigits(gigaflopsPerSecond)} GFLOP/s, ${threeDigits(gigabytesPerSecond)} GB/s, ${formatPercent(share)} of ${BOUNDS[bound]}`;
}
