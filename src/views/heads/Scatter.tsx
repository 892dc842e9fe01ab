import { scaleLinear } from 'd3';
import { useId, useState } from 'react';
import { type Measure, orderOf } from '../../state/head-measures.ts';
import { useHeads } from '../../state/heads.ts';
import { usePage } from '../../state/store.ts';
import { mark } from '../shared/colour.ts';
import { Panel } from '../shared/Panel.tsx';
import { useWidth } from '../shared/useWidth.ts';
import { headName, measureText, shortValue } from './derived.ts';
import { measuresTable } from './tables.ts';

const HEIGHT = 300;
const LEFT = 46;
const BOTTOM = 34;
const RIGHT = 34;
const TOP = 20;
/** The heads that stand out on either axis are named. */
const NAMED = 4;

interface ScatterProps {
  measures: readonly Measure[];
  measure: Measure | undefined;
  nHeads: number;
}

/** One dot a head, over two measures. */
export function Scatter({ measures, measure, nHeads }: ScatterProps) {
  const id = useId();
  const [across, setAcross] = useState('');
  const up = measure ?? measures[0];
  const along = measures.find((found) => found.id === across) ?? measures.find((found) => found !== up);
  if (!up || !along) return null;
  return (
    <Panel
      title="Two scores"
      about="One dot a head: the chosen score upward, another along. Heads that stand out on either are named. The table of top heads is the way to the same heads by keyboard."
      table={() => measuresTable([along, up], nHeads)}
    >
      <div className="strip-tools">
        <label htmlFor={id}>Along</label>
        <select id={id} value={along.id} onChange={(event) => setAcross(event.target.value)}>
          {measures.map((found) => (
            <option key={found.id} value={found.id}>
              {found.title}
            </option>
          ))}
        </select>
        <span>upward: {up.title}</span>
      </div>
      <Dots along={along} up={up} nHeads={nHeads} />
    </Panel>
  );
}

function Dots({ along, up, nHeads }: { along: Measure; up: Measure; nHeads: number }) {
  const [ref, width] = useWidth<HTMLDivElement>();
  const { layer, head } = usePage((state) => state.view);
  const openHead = useHeads((state) => state.openHead);
  const [under, setUnder] = useState<number>();
  const dots = orderOf(up.values).filter((at) => !Number.isNaN(along.values[at]));
  const scale = ({ values }: Measure, range: [number, number]) => {
    const shown = dots.map((at) => values[at]!);
    const ends: [number, number] = [Math.min(0, ...shown), Math.max(0, ...shown)];
    return scaleLinear(ends[0] < ends[1] ? ends : [0, 1], range).nice(4);
  };
  const x = scale(along, [LEFT, width - RIGHT]);
  const y = scale(up, [HEIGHT - BOTTOM, TOP]);
  const name = (at: number): string => headName(Math.floor(at / nHeads), at % nHeads);
  const named = new Set([...dots.slice(0, NAMED), ...orderOf(along.values).slice(0, NAMED)]);
  const open = layer !== null && head !== null ? layer * nHeads + head : undefined;
  return (
    <div ref={ref}>
      <svg
        width={width}
        height={HEIGHT}
        role="img"
        aria-label={`${dots.length} heads by ${along.title} and ${up.title}; the first upward is ${dots[0] === undefined ? 'unknown' : name(dots[0])}`}
      >
        {x.ticks(4).map((tick) => (
          <g key={tick}>
            <line className="grid-line" x1={x(tick)} x2={x(tick)} y1={TOP} y2={HEIGHT - BOTTOM} />
            <text className="tick" x={x(tick)} y={HEIGHT - BOTTOM + 14} textAnchor="middle">
              {shortValue(tick)}
            </text>
          </g>
        ))}
        {y.ticks(4).map((tick) => (
          <g key={tick}>
            <line className="grid-line" x1={LEFT} x2={width - RIGHT} y1={y(tick)} y2={y(tick)} />
            <text className="tick" x={LEFT - 6} y={y(tick) + 4} textAnchor="end">
              {shortValue(tick)}
            </text>
          </g>
        ))}
        <text className="tick" x={width - RIGHT} y={HEIGHT - 4} textAnchor="end">
          {along.title}
          {along.unit && `, ${along.unit}`}
        </text>
        {dots.map((at) => (
          // The table is the keyboard's way to the same choice.
          // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-static-element-interactions
          <g
            key={at}
            className="scatter-dot"
            onClick={() => openHead(Math.floor(at / nHeads), at % nHeads)}
            onPointerEnter={() => setUnder(at)}
            onPointerLeave={() => setUnder(undefined)}
          >
            <circle cx={x(along.values[at]!)} cy={y(up.values[at]!)} r={12} fill="transparent" />
            <circle
              cx={x(along.values[at]!)}
              cy={y(up.values[at]!)}
              r={at === open || at === under ? 6 : 4}
              fill={mark.attribution}
              stroke={at === open ? 'var(--accent)' : 'var(--surface)'}
              strokeWidth={at === open ? 3 : 1}
            />
            {(named.has(at) || at === open) && (
              <text className="tick" x={x(along.values[at]!) + 7} y={y(up.values[at]!) - 5}>
                {name(at)}
              </text>
            )}
          </g>
        ))}
      </svg>
      <p className="small">
        {dots.length === 0 &&
          'No head has both scores: they are still measured, or find nothing in the texts.'}
        {under === undefined
          ? '\u00a0'
          : `${name(under)}: ${measureText(along, along.values[under]!)} along, ${measureText(up, up.values[under]!)} upward`}
      </p>
    </div>
  );
}
