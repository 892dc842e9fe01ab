import { scaleLinear } from 'd3';
import type { PolysemanticShare } from '../../../shared/polysemantic-share.ts';
import { mark } from '../../shared/colour.ts';
import { formatPercent } from '../../shared/format.ts';
import { useWidth } from '../../shared/useWidth.ts';

const HEIGHT = 92;
const LEFT = 132;
const RIGHT = 22;
/** Kissane et al. 2024, for GPT-2 small: at least this share. */
const PAPER = 0.9;

/** The share of polysemantic heads with its interval, and the paper's. */
export function Shares({ share, partial }: { share: PolysemanticShare; partial: boolean }) {
  const [ref, width] = useWidth<HTMLDivElement>();
  const x = scaleLinear([0, 1], [LEFT, width - RIGHT]);
  const own = `${formatPercent(share.share)}, ${formatPercent(share.low)} to ${formatPercent(share.high)}`;
  return (
    <div ref={ref}>
      <svg
        width={width}
        height={HEIGHT}
        role="img"
        aria-label={`Share of polysemantic heads: this model${partial ? ' so far' : ''} ${own}; GPT-2 small, judged by hand, at least ${formatPercent(PAPER)}`}
      >
        {[0, 0.25, 0.5, 0.75, 1].map((tick) => (
          <g key={tick}>
            <line x1={x(tick)} x2={x(tick)} y1={6} y2={HEIGHT - 22} className="grid-line" />
            <text x={x(tick)} y={HEIGHT - 8} className="tick" textAnchor="middle">
              {formatPercent(tick)}
            </text>
          </g>
        ))}
        <text x={LEFT - 8} y={22} className="tick" textAnchor="end" dominantBaseline="middle">
          this model{partial ? ', so far' : ''}
        </text>
        <line x1={x(share.low)} x2={x(share.high)} y1={22} y2={22} stroke={mark.activation} strokeWidth={2} />
        {[share.low, share.high].map((end, side) => (
          <line
            // Ends of one whisker.
            // oxlint-disable-next-line react/no-array-index-key
            key={side}
            x1={x(end)}
            x2={x(end)}
            y1={16}
            y2={28}
            stroke={mark.activation}
            strokeWidth={2}
          />
        ))}
        <circle cx={x(share.share)} cy={22} r={5} fill={mark.activation} />
        <text x={LEFT - 8} y={52} className="tick" textAnchor="end" dominantBaseline="middle">
          GPT-2 small, by hand
        </text>
        <rect
          x={x(PAPER)}
          y={46}
          width={x(1) - x(PAPER)}
          height={12}
          fill={mark.attribution}
          opacity={0.55}
        />
        <line x1={x(PAPER)} x2={x(PAPER)} y1={44} y2={60} stroke={mark.attribution} strokeWidth={2} />
        <text x={x(PAPER) - 6} y={52} className="tick" textAnchor="end" dominantBaseline="middle">
          at least {formatPercent(PAPER)}
        </text>
      </svg>
    </div>
  );
}
