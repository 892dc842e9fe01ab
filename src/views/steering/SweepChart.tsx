import { line, scaleLinear, type ScaleLinear } from 'd3';
import { restOf } from '../../state/recipe-steps.ts';
import type { SweptResult } from '../../state/steered-sweep.ts';
import { FLUENCY_LIMIT } from '../../shared/steering-effect.ts';
import type { Sweep, SweepPoint } from '../../engine/protocol.ts';
import { mark } from '../shared/colour.ts';
import { formatFixed } from '../shared/format.ts';
import { useWidth } from '../shared/useWidth.ts';
import { byStrength, type Measured } from './sweep-derived.ts';

const LEFT = 52;
const RIGHT = 14;
/** Of the upper chart, the effect, and of the lower, fluency. */
const UPPER = { top: 38, bottom: 176 };
const LOWER = { top: 210, bottom: 318 };
const HEIGHT = 354;

interface SweepChartProps {
  result: SweptResult;
  measured: Measured;
  /** Amount of the step in the recipe now. */
  amount: number | undefined;
  chosen: number | undefined;
  onChoose: (strength: number) => void;
}

/** Effect and fluency over strength, one above the other. */
export function SweepChart({ result, measured, amount, chosen, onChoose }: SweepChartProps) {
  const [ref, width] = useWidth<HTMLDivElement>();
  const { base, keeps } = result.sweep;
  const points = byStrength(result.sweep);
  const { from, to } = result.settings;
  const x = scaleLinear([Math.min(from, to), Math.max(from, to)], [LEFT + 8, width - RIGHT - 8]);
  const effect = extent([base, ...points].flatMap((point) => withErrors(measured, point)));
  const loss = extent([base.loss * FLUENCY_LIMIT, base.loss, ...points.map((point) => point.loss)]);
  const up = scaleLinear(effect, [UPPER.bottom, UPPER.top]).nice(4);
  const down = scaleLinear(loss, [LOWER.bottom, LOWER.top]).nice(3);
  const [low, high] = [keeps.down ?? restOf(result.step), keeps.up ?? restOf(result.step)];
  const said = points
    .map(
      (point) =>
        `${point.strength}: ${measured.show(measured.value(point))}, loss ${formatFixed(point.loss)}`,
    )
    .join('; ');
  return (
    <div ref={ref}>
      <svg
        width={width}
        height={HEIGHT}
        role="img"
        aria-label={`${measured.title} and loss under the base by strength. Unsteered: ${measured.show(measured.value(base))}, loss ${formatFixed(base.loss)}. ${said}`}
      >
        {low < high && (
          <rect
            x={x(low)}
            y={UPPER.top}
            width={Math.max(0, x(high) - x(low))}
            height={LOWER.bottom - UPPER.top}
            fill="var(--accent-soft)"
          />
        )}
        <Axis scale={up} x={x} show={measured.show} place={UPPER} width={width} />
        <Axis scale={down} x={x} show={(value) => formatFixed(value, 1)} place={LOWER} width={width} />
        {x.ticks(Math.max(2, Math.min(10, Math.floor(width / 90)))).map((tick) => (
          <text key={tick} x={x(tick)} y={LOWER.bottom + 14} className="tick" textAnchor="middle">
            {formatFixed(tick, Number.isInteger(tick) ? 0 : 1)}
          </text>
        ))}
        <Level at={up(measured.value(base))} name="unsteered" width={width} />
        <Level at={down(base.loss)} name="unsteered" width={width} below />
        <Level at={down(base.loss * FLUENCY_LIMIT)} name={`limit, ${FLUENCY_LIMIT} ×`} width={width} strong />
        {amount !== undefined && amount >= x.domain()[0]! && amount <= x.domain()[1]! && (
          <line
            x1={x(amount)}
            x2={x(amount)}
            y1={UPPER.top}
            y2={LOWER.bottom}
            className="here-line"
            strokeDasharray="2 3"
          />
        )}
        <Kept keeps={keeps} x={x} width={width} />
        <Curve points={points} x={x} y={up} value={measured.value} colour={mark.activation} />
        <Curve points={points} x={x} y={down} value={(point) => point.loss} colour={mark.attribution} />
        {points.map((point) => (
          <Errors key={point.strength} point={point} measured={measured} x={x} y={up} />
        ))}
        {points.map((point) => (
          // The list of strengths below is the keyboard's way to the same choice.
          // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-static-element-interactions
          <g key={point.strength} className="sweep-point" onClick={() => onChoose(point.strength)}>
            <title>{`strength ${point.strength}: ${measured.show(measured.value(point))}, loss ${formatFixed(point.loss)} nats`}</title>
            <rect
              x={x(point.strength) - 12}
              y={UPPER.top}
              width={24}
              height={LOWER.bottom - UPPER.top}
              fill="transparent"
            />
            {[
              { y: up(measured.value(point)), colour: mark.activation },
              { y: down(point.loss), colour: mark.attribution },
            ].map(
              ({ y, colour }) =>
                Number.isFinite(y) && (
                  <circle
                    key={colour}
                    cx={x(point.strength)}
                    cy={y}
                    r={point.strength === chosen ? 6 : 4}
                    fill={colour}
                    stroke={point.strength === chosen ? 'var(--accent)' : 'var(--surface)'}
                    strokeWidth={point.strength === chosen ? 3 : 1}
                  />
                ),
            )}
          </g>
        ))}
        <text x={2} y={12} className="tick">
          {measured.unit}
        </text>
        <text x={2} y={LOWER.top - 8} className="tick">
          loss under the base, nats a token
        </text>
        <text x={width - RIGHT} y={HEIGHT - 6} className="tick" textAnchor="end">
          {result.step.kind === 'scale' ? 'factor' : 'strength, in units of the feature’s maximum'}
        </text>
      </svg>
    </div>
  );
}

type Scale = ScaleLinear<number, number>;

/** How far strengths keep fluency. */
function Kept({ keeps, x, width }: { keeps: Sweep['keeps']; x: Scale; width: number }) {
  const kept = [keeps.down, keeps.up].filter((strength) => strength !== undefined);
  if (kept.length === 0) return null;
  const number = (strength: number): string => formatFixed(strength, Number.isInteger(strength) ? 0 : 2);
  const middle = kept.reduce((sum, strength) => sum + x(strength), 0) / kept.length;
  return (
    <g>
      {kept.flatMap((strength) =>
        [UPPER, LOWER].map(({ top, bottom }) => (
          <line
            key={`${strength} ${top}`}
            x1={x(strength)}
            x2={x(strength)}
            y1={top}
            y2={bottom}
            className="here-line"
          />
        )),
      )}
      <text
        x={Math.max(LEFT + 70, Math.min(width - RIGHT - 70, middle))}
        y={UPPER.top - 6}
        className="tick here"
        textAnchor="middle"
      >
        keeps fluency {kept.length > 1 ? `from ${number(kept[0]!)} ` : ''}to {number(kept.at(-1)!)}
      </text>
    </g>
  );
}

function withErrors({ value, error }: Measured, point: SweepPoint): number[] {
  const [at, off] = [value(point), error(point)];
  return Number.isNaN(off) ? [at] : [at - off, at, at + off];
}

/** From 0, or below where a value is. */
function extent(values: readonly number[]): [number, number] {
  const known = values.filter((value) => Number.isFinite(value));
  const [low, high] = [Math.min(0, ...known), Math.max(0, ...known)];
  return low < high ? [low, high] : [0, 1];
}

interface AxisProps {
  scale: Scale;
  x: Scale;
  show: (value: number) => string;
  place: { top: number; bottom: number };
  width: number;
}

function Axis({ scale, show, place, width }: AxisProps) {
  return scale.ticks(place.bottom - place.top > 120 ? 4 : 3).map((tick) => (
    <g key={tick}>
      <line x1={LEFT} x2={width - RIGHT} y1={scale(tick)} y2={scale(tick)} className="grid-line" />
      <text x={LEFT - 6} y={scale(tick)} className="tick" textAnchor="end" dominantBaseline="middle">
        {show(tick)}
      </text>
    </g>
  ));
}

interface LevelProps {
  at: number;
  name: string;
  width: number;
  strong?: boolean;
  /** Its name stands below it. */
  below?: boolean;
}

function Level({ at, name, width, strong, below }: LevelProps) {
  if (!Number.isFinite(at)) return null;
  return (
    <g>
      <line
        x1={LEFT}
        x2={width - RIGHT}
        y1={at}
        y2={at}
        className="mean-line"
        strokeDasharray={strong ? '6 3' : '2 3'}
      />
      <text x={width - RIGHT} y={below ? at + 12 : at - 4} className="tick" textAnchor="end">
        {name}
      </text>
    </g>
  );
}

interface CurveProps {
  points: readonly SweepPoint[];
  x: Scale;
  y: Scale;
  value: (point: SweepPoint) => number;
  colour: string;
}

function Curve({ points, x, y, value, colour }: CurveProps) {
  const path = line<SweepPoint>(
    (point) => x(point.strength),
    (point) => y(value(point)),
  ).defined((point) => Number.isFinite(value(point)));
  return <path d={path(points) ?? ''} fill="none" stroke={colour} strokeWidth={1.5} />;
}

function Errors({ point, measured, x, y }: { point: SweepPoint; measured: Measured; x: Scale; y: Scale }) {
  const [value, error] = [measured.value(point), measured.error(point)];
  if (!(error > 0)) return null;
  const at = x(point.strength);
  const [low, high] = [y(value - error), y(value + error)];
  return (
    <path
      d={`M${at},${low}V${high}M${at - 4},${low}h8M${at - 4},${high}h8`}
      stroke={mark.activation}
      strokeWidth={1.2}
      fill="none"
    />
  );
}
