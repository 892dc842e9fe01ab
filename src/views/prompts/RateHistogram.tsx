import { scaleLinear, scaleLog } from 'd3';
import { mark } from '../shared/colour.ts';
import { formatCount, formatPercent } from '../shared/format.ts';
import { useWidth } from '../shared/useWidth.ts';
import type { RateBin } from './overview-derived.ts';

const HEIGHT = 180;
const LEFT = 44;
const BOTTOM = 32;
const RIGHT = 22;
/** Room for a number below the axis. */
const TICK_WIDTH = 62;

/** Features by firing rate, both ends of the scale those of this scan. */
export function RateHistogram({ bins, tokens }: { bins: readonly RateBin[]; tokens: number }) {
  const [ref, width] = useWidth<HTMLDivElement>();
  const x = scaleLog([bins[0]!.low, bins.at(-1)!.high], [LEFT, width - RIGHT]);
  const y = scaleLinear([0, Math.max(...bins.map(({ features }) => features))], [HEIGHT - BOTTOM, 10]).nice(
    3,
  );
  const said = (bin: RateBin): string =>
    `${formatPercent(bin.low)} to ${formatPercent(bin.high)} of tokens: ${formatCount(bin.features)} features`;
  const decades = x.ticks().filter((tick) => Number.isInteger(Math.round(1e6 * Math.log10(tick)) / 1e6));
  const every = Math.max(1, Math.ceil((decades.length * TICK_WIDTH) / Math.max(1, width - LEFT - RIGHT)));
  return (
    <div ref={ref}>
      <svg
        width={width}
        height={HEIGHT}
        role="img"
        aria-label={`Features by firing rate over ${formatCount(tokens)} tokens. ${bins.map(said).join('; ')}`}
      >
        {y.ticks(3).map((tick) => (
          <g key={tick}>
            <line x1={LEFT} x2={width - RIGHT} y1={y(tick)} y2={y(tick)} className="grid-line" />
            <text x={LEFT - 5} y={y(tick)} className="tick" textAnchor="end" dominantBaseline="middle">
              {formatCount(tick)}
            </text>
          </g>
        ))}
        {bins.map((bin) => (
          <rect
            key={bin.low}
            x={x(bin.low) + 0.5}
            y={y(bin.features)}
            width={Math.max(1, x(bin.high) - x(bin.low) - 1)}
            height={y(0) - y(bin.features)}
            fill={mark.activation}
          >
            <title>{said(bin)}</title>
          </rect>
        ))}
        {decades
          .filter((_, i) => i % every === 0)
          .map((tick) => (
            <text key={tick} x={x(tick)} y={HEIGHT - BOTTOM + 13} className="tick" textAnchor="middle">
              {formatPercent(tick)}
            </text>
          ))}
        <text x={width - RIGHT} y={HEIGHT - 4} className="tick" textAnchor="end">
          share of tokens it fires on (log scale)
        </text>
        <text x={2} y={HEIGHT - 4} className="tick">
          features
        </text>
      </svg>
    </div>
  );
}
