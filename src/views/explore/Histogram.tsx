import { scaleLinear, scaleLog } from 'd3';
import type { ScanStatistics } from '../../engine/protocol.ts';
import { mark } from '../shared/colour.ts';
import { formatActivation, formatCount } from '../shared/format.ts';
import { useWidth } from '../shared/useWidth.ts';

const HEIGHT = 110;
const LEFT = 40;
const BOTTOM = 30;

/** Room for a number below the axis. */
const TICK_WIDTH = 44;

interface HistogramProps {
  feature: number;
  statistics: ScanStatistics;
  /** Largest value in the visitor's text; 0 for none. */
  here: number;
}

/** Counts of a feature's positive values on a log scale, with the value seen in this text marked. */
export function Histogram({ feature, statistics, here }: HistogramProps) {
  const [ref, width] = useWidth<HTMLDivElement>();
  const { bins, edges, histogram } = statistics;
  const counts = histogram.subarray(feature * bins, (feature + 1) * bins);
  // Only the bins in use, and one on either side, so that the shape fills the width.
  const used = Array.from(counts, (count, bin) => (count > 0 ? bin : -1)).filter((bin) => bin >= 0);
  const first = Math.max(0, (used[0] ?? 0) - 1);
  const last = Math.min(bins - 1, (used.at(-1) ?? 0) + 1);
  const x = scaleLog([edges[first]!, edges[last + 1]!], [LEFT, width - 8]);
  const y = scaleLinear([0, Math.max(1, ...counts)], [HEIGHT - BOTTOM, 8]).nice(2);
  const shown = Math.min(edges[last + 1]!, Math.max(edges[first]!, here));
  return (
    <div ref={ref}>
      <svg
        width={width}
        height={HEIGHT}
        role="img"
        aria-label={`Histogram of feature ${feature}: ${used
          .map(
            (bin) =>
              `${formatActivation(edges[bin]!)} to ${formatActivation(edges[bin + 1]!)}: ${counts[bin]}`,
          )
          .join('; ')}`}
      >
        {y.ticks(2).map((tick) => (
          <g key={tick}>
            <line x1={LEFT} x2={width - 8} y1={y(tick)} y2={y(tick)} className="grid-line" />
            <text x={LEFT - 5} y={y(tick)} className="tick" textAnchor="end" dominantBaseline="middle">
              {formatCount(tick)}
            </text>
          </g>
        ))}
        {used.map((bin) => (
          <rect
            key={bin}
            x={x(edges[bin]!) + 0.5}
            y={y(counts[bin]!)}
            width={Math.max(1, x(edges[bin + 1]!) - x(edges[bin]!) - 1)}
            height={y(0) - y(counts[bin]!)}
            fill={mark.activation}
          >
            <title>
              {`${formatActivation(edges[bin]!)} to ${formatActivation(edges[bin + 1]!)}: ${formatCount(counts[bin]!)} tokens`}
            </title>
          </rect>
        ))}
        {apart(x.ticks(), x, TICK_WIDTH).map((tick) => (
          <text key={tick} x={x(tick)} y={HEIGHT - BOTTOM + 12} className="tick" textAnchor="middle">
            {formatActivation(tick)}
          </text>
        ))}
        {here > 0 && (
          <g>
            <line x1={x(shown)} x2={x(shown)} y1={2} y2={HEIGHT - BOTTOM} className="here-line" />
            <text
              x={x(shown) + (x(shown) > width / 2 ? -4 : 4)}
              y={10}
              className="tick here"
              textAnchor={x(shown) > width / 2 ? 'end' : 'start'}
            >
              this text: {formatActivation(here)}
            </text>
          </g>
        )}
        <text x={width - 8} y={HEIGHT - 3} className="tick" textAnchor="end">
          activation (log scale)
        </text>
        <text x={2} y={HEIGHT - 3} className="tick">
          tokens
        </text>
      </svg>
    </div>
  );
}

/** Those that are at least so many pixels apart: a log scale has a tick for every digit, close together before a ten. */
function apart(ticks: readonly number[], place: (tick: number) => number, least: number): number[] {
  const kept: number[] = [];
  for (const tick of ticks) {
    const before = kept.at(-1);
    if (before === undefined || place(tick) - place(before) >= least) kept.push(tick);
  }
  return kept;
}
