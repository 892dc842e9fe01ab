import { scaleLinear } from 'd3';
import type { FeatureCard } from '../../engine/protocol.ts';
import { mark } from '../shared/colour.ts';
import { formatCount, formatSigned } from '../shared/format.ts';
import { useWidth } from '../shared/useWidth.ts';

const HEIGHT = 110;
const LEFT = 40;
const BOTTOM = 30;

interface EffectHistogramProps {
  effects: NonNullable<FeatureCard['effects']>;
  feature: number;
}

/** Counts of tokens of the vocabulary by what a unit of the feature does to their logit. */
export function EffectHistogram({ effects: { edges, counts }, feature }: EffectHistogramProps) {
  const [ref, width] = useWidth<HTMLDivElement>();
  const [low, high] = [edges[0]!, edges.at(-1)!];
  const x = scaleLinear([low, high], [LEFT, width - 8]);
  // Most tokens are near 0; the tails are what tells.
  const y = scaleLinear(
    [0, Math.log10(1 + counts.reduce((a, b) => Math.max(a, b), 1))],
    [HEIGHT - BOTTOM, 8],
  );
  const ticks = [1, 10, 100, 1_000, 10_000, 100_000].filter((tick) => Math.log10(1 + tick) <= y.domain()[1]!);
  const used = Array.from(counts.keys()).filter((bin) => counts[bin]! > 0);
  return (
    <div ref={ref}>
      <svg
        width={width}
        height={HEIGHT}
        role="img"
        aria-label={`Histogram of the effects of feature ${feature} on all logits, ${formatSigned(low, 2)} to ${formatSigned(high, 2)}`}
      >
        {ticks.map((tick) => (
          <g key={tick}>
            <line
              x1={LEFT}
              x2={width - 8}
              y1={y(Math.log10(1 + tick))}
              y2={y(Math.log10(1 + tick))}
              className="grid-line"
            />
            <text
              x={LEFT - 5}
              y={y(Math.log10(1 + tick))}
              className="tick"
              textAnchor="end"
              dominantBaseline="middle"
            >
              {formatCount(tick)}
            </text>
          </g>
        ))}
        {used.map((bin) => {
          const top = y(Math.log10(1 + counts[bin]!));
          const middle = (edges[bin]! + edges[bin + 1]!) / 2;
          return (
            <rect
              key={bin}
              x={x(edges[bin]!) + 0.5}
              y={top}
              width={Math.max(1, x(edges[bin + 1]!) - x(edges[bin]!) - 1)}
              height={y(0) - top}
              fill={middle >= 0 ? mark.positive : mark.negative}
            >
              <title>{`${formatSigned(edges[bin]!, 3)} to ${formatSigned(edges[bin + 1]!, 3)}: ${formatCount(counts[bin]!)} tokens`}</title>
            </rect>
          );
        })}
        {low < 0 && high > 0 && (
          <line x1={x(0)} x2={x(0)} y1={4} y2={HEIGHT - BOTTOM} className="here-line" />
        )}
        {x.ticks(Math.max(2, Math.floor(width / 90))).map((tick) => (
          <text key={tick} x={x(tick)} y={HEIGHT - BOTTOM + 12} className="tick" textAnchor="middle">
            {formatSigned(tick, 1)}
          </text>
        ))}
        <text x={width - 8} y={HEIGHT - 3} className="tick" textAnchor="end">
          logit per unit
        </text>
        <text x={2} y={HEIGHT - 3} className="tick">
          tokens (log scale)
        </text>
      </svg>
    </div>
  );
}
