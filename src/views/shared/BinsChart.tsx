import { scaleLinear, scaleLog } from 'd3';
import { mark } from './colour.ts';
import { formatCount } from './format.ts';
import { useWidth } from './useWidth.ts';

const LEFT = 44;
const BOTTOM = 32;
const RIGHT = 22;

export interface Bin {
  low: number;
  high: number;
  count: number;
}

interface BinsChartProps {
  /** One after the other, without gaps. */
  bins: readonly Bin[];
  /** How the horizontal axis runs. */
  scale: 'linear' | 'log';
  /** What is shown, before the counts, for a screen reader. */
  label: string;
  /** What is counted, and what along. */
  counted: string;
  along: string;
  /** Numbers of the axis. */
  show: (value: number) => string;
  height: number;
  /** Room for a number below the axis, in pixels. */
  tickWidth?: number;
}

/** A histogram in bars, with every count in words. */
export function BinsChart(props: BinsChartProps) {
  const { bins, scale, label, counted, along, show, height, tickWidth = 62 } = props;
  const [ref, width] = useWidth<HTMLDivElement>();
  const make = scale === 'log' ? scaleLog : scaleLinear;
  const x = make([bins[0]!.low, bins.at(-1)!.high], [LEFT, width - RIGHT]);
  const most = bins.reduce((top, { count }) => Math.max(top, count), 1);
  const y = scaleLinear([0, most], [height - BOTTOM, 10]).nice(3);
  const said = ({ low, high, count }: Bin): string => `${show(low)} to ${show(high)}: ${formatCount(count)}`;
  const room = Math.max(1, Math.floor((width - LEFT - RIGHT) / tickWidth));
  const ticks = scale === 'log' ? x.ticks().filter(isDecade) : x.ticks(room);
  const every = Math.ceil(ticks.length / room);
  return (
    <div ref={ref}>
      <svg
        width={width}
        height={height}
        role="img"
        aria-label={`${label}: ${bins
          .filter(({ count }) => count > 0)
          .map(said)
          .join('; ')}`}
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
            y={y(bin.count)}
            width={Math.max(1, x(bin.high) - x(bin.low) - 1)}
            height={y(0) - y(bin.count)}
            fill={mark.activation}
          >
            <title>{`${said(bin)} ${counted}`}</title>
          </rect>
        ))}
        {ticks
          .filter((_, i) => i % every === 0)
          .map((tick) => (
            <text key={tick} x={x(tick)} y={height - BOTTOM + 13} className="tick" textAnchor="middle">
              {show(tick)}
            </text>
          ))}
        <text x={width - RIGHT} y={height - 4} className="tick" textAnchor="end">
          {along}
        </text>
        <text x={2} y={height - 4} className="tick">
          {counted}
        </text>
      </svg>
    </div>
  );
}

/** Whether a tick is a power of ten. */
export const isDecade = (tick: number): boolean =>
  Math.abs(Math.log10(tick) - Math.round(Math.log10(tick))) < 1e-6;
