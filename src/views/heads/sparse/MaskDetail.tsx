import type { Analysis } from '../../../engine/protocol.ts';
import { attributionTint } from '../../shared/colour.ts';
import { visibleText } from '../../shared/visible-text.ts';
import type { HeadMask } from './derived.ts';
import type { Pair } from './MaskPanel.tsx';
import { massRatio, OUTLINED } from './mask-picture.ts';

/** Pairs shown around the cursor, either way. */
const REACH = 5;
const SPAN = 2 * REACH + 1;
const CELL = 22;
const LEFT = 84;
const TOP = 74;

/** The pairs around the cursor with their tokens: what a large picture is too small to say. */
export function MaskDetail({ found, analysis, pair }: { found: HeadMask; analysis: Analysis; pair: Pair }) {
  const rows = analysis.tokens.length;
  const span = Math.min(SPAN, rows);
  const start = (at: number): number => Math.max(0, Math.min(rows - span, at - REACH));
  const [query, key] = [start(pair.query), start(pair.key)];
  const [width, height] = [LEFT + span * CELL + 34, TOP + span * CELL + 2];
  const steps = Array.from({ length: span }, (_, i) => i);
  const shown = (row: number): string => {
    const text = visibleText(analysis.tokens[row]!.text);
    return text.length > 10 ? `${text.slice(0, 9)}…` : text;
  };
  return (
    // Said in words by the readout above it.
    <svg
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      aria-hidden="true"
      className="mask-detail"
    >
      {steps.map((i) => (
        <g key={i}>
          <text
            x={LEFT - 6}
            y={TOP + (i + 0.5) * CELL}
            textAnchor="end"
            dominantBaseline="middle"
            className={`tick${query + i === pair.query ? ' here' : ''}`}
          >
            {shown(query + i)}
          </text>
          <text
            transform={`translate(${LEFT + (i + 0.5) * CELL},${TOP - 6}) rotate(-52)`}
            className={`tick${key + i === pair.key ? ' here' : ''}`}
          >
            {shown(key + i)}
          </text>
        </g>
      ))}
      {steps.flatMap((y) =>
        steps.map((x) => {
          const [t, s] = [query + y, key + x];
          if (s > t) return null;
          const mass = found.dense[t * rows + s]!;
          const kept = found.mask[t * rows + s] === 1;
          const lost = !kept && mass >= OUTLINED;
          const line = lost ? 1 + 3 * massRatio(mass) : 0;
          return (
            <rect
              key={`${y} ${x}`}
              x={LEFT + x * CELL + 0.5 + line / 2}
              y={TOP + y * CELL + 0.5 + line / 2}
              width={CELL - 1 - line}
              height={CELL - 1 - line}
              style={{
                fill: kept ? attributionTint(massRatio(mass)) : 'var(--line)',
                stroke: lost ? 'var(--effect-positive-mark)' : kept ? 'var(--line)' : 'none',
                strokeWidth: lost ? line : kept ? 1 : 0,
              }}
            />
          );
        }),
      )}
      <rect
        x={LEFT + (pair.key - key) * CELL}
        y={TOP + (pair.query - query) * CELL}
        width={CELL}
        height={CELL}
        fill="none"
        stroke="var(--accent)"
        strokeWidth={2}
      />
    </svg>
  );
}
