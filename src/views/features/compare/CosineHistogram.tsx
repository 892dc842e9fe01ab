import { scaleLinear } from 'd3';
import type { DictionaryMatch } from '../../../engine/protocol.ts';
import { mark } from '../../shared/colour.ts';
import { formatCount, formatFixed } from '../../shared/format.ts';
import { useWidth } from '../../shared/useWidth.ts';
import { cosineBins } from './match-derived.ts';

const HEIGHT = 130;
const LEFT = 44;
const BOTTOM = 30;

/** How alike latents and their best matches are. */
export function CosineHistogram({ match: { nearest, cosine } }: { match: DictionaryMatch }) {
  const [ref, width] = useWidth<HTMLDivElement>();
  const bins = cosineBins(nearest, cosine);
  const x = scaleLinear([bins[0]!.low, 1], [LEFT, width - 8]);
  const y = scaleLinear([0, Math.max(1, ...bins.map(({ count }) => count))], [HEIGHT - BOTTOM, 8]).nice(3);
  const said = bins
    .filter(({ count }) => count > 0)
    .map(({ low, high, count }) => `${formatFixed(low)} to ${formatFixed(high)}: ${count}`)
    .join('; ');
  return (
    <div ref={ref}>
      <svg width={width} height={HEIGHT} role="img" aria-label={`Latents by best cosine: ${said}`}>
        {y.ticks(3).map((tick) => (
          <g key={tick}>
            <line x1={LEFT} x2={width - 8} y1={y(tick)} y2={y(tick)} className="grid-line" />
            <text x={LEFT - 5} y={y(tick)} className="tick" textAnchor="end" dominantBaseline="middle">
              {formatCount(tick)}
            </text>
          </g>
        ))}
        {bins.map(({ low, high, count }) => (
          <rect
            key={low}
            x={x(low) + 0.5}
            y={y(count)}
            width={Math.max(1, x(high) - x(low) - 1)}
            height={y(0) - y(count)}
            fill={mark.activation}
          >
            <title>{`${formatFixed(low)} to ${formatFixed(high)}: ${formatCount(count)} latents`}</title>
          </rect>
        ))}
        {x.ticks(width > 500 ? 8 : 4).map((tick) => (
          <text key={tick} x={x(tick)} y={HEIGHT - BOTTOM + 13} className="tick" textAnchor="middle">
            {formatFixed(tick, 1)}
          </text>
        ))}
        <text x={width - 8} y={HEIGHT - 3} className="tick" textAnchor="end">
          cosine with the best match
        </text>
        <text x={2} y={HEIGHT - 3} className="tick">
          latents
        </text>
      </svg>
    </div>
  );
}
