import { scaleLinear } from 'd3';
import type { HeadRoles } from '../../../engine/protocol.ts';
import { mark } from '../../shared/colour.ts';
import { formatFixed } from '../../shared/format.ts';
import { Panel } from '../../shared/Panel.tsx';
import { useWidth } from '../../shared/useWidth.ts';
import { sensitivityTable } from './tables.ts';

const HEIGHT = 190;
const LEFT = 34;
const RIGHT = 12;
const BOTTOM = 34;

/** How much the number of roles hangs on the threshold. */
export function Sensitivity({ head, threshold }: { head: HeadRoles; threshold: number }) {
  const [ref, width] = useWidth<HTMLDivElement>();
  const points = head.sensitivity;
  const x = scaleLinear([0, 1], [LEFT, width - RIGHT]);
  const most = Math.max(2, ...points.map(({ effectiveRoles }) => effectiveRoles));
  const y = scaleLinear([0, most], [HEIGHT - BOTTOM, 18]).nice(4);
  const said = points
    .map(
      ({ threshold: at, effectiveRoles, roles }) =>
        `${at}: ${formatFixed(effectiveRoles, 1)} (${roles} roles)`,
    )
    .join('; ');
  return (
    <Panel
      title="If the threshold were another"
      about="Effective number of roles when latents share a role above another similarity. τ was chosen once, by agreement with Storyworld’s labels on half of the latents, and is never tuned for a head: where the curve is steep the number should be read with care."
      table={() => sensitivityTable(head)}
    >
      <div ref={ref}>
        <svg
          width={width}
          height={HEIGHT}
          role="img"
          aria-label={`Effective number of roles by threshold. ${said}`}
        >
          {y.ticks(4).map((tick) => (
            <g key={tick}>
              <line x1={LEFT} x2={width - RIGHT} y1={y(tick)} y2={y(tick)} className="grid-line" />
              <text x={LEFT - 6} y={y(tick)} className="tick" textAnchor="end" dominantBaseline="middle">
                {tick}
              </text>
            </g>
          ))}
          {[0, 0.2, 0.4, 0.6, 0.8, 1].map((tick) => (
            <text key={tick} x={x(tick)} y={HEIGHT - BOTTOM + 14} className="tick" textAnchor="middle">
              {tick}
            </text>
          ))}
          <line x1={x(threshold)} x2={x(threshold)} y1={12} y2={HEIGHT - BOTTOM} className="here-line" />
          <text x={x(threshold) + 5} y={14} className="tick here">
            τ = {threshold}
          </text>
          <polyline
            points={points.map((one) => `${x(one.threshold)},${y(one.effectiveRoles)}`).join(' ')}
            fill="none"
            stroke={mark.activation}
            strokeWidth={1.5}
          />
          {points.map(({ threshold: at, effectiveRoles, roles }) => (
            <circle key={at} cx={x(at)} cy={y(effectiveRoles)} r={4} fill={mark.activation}>
              <title>{`threshold ${at}: effective number ${formatFixed(effectiveRoles, 2)}, ${roles} roles`}</title>
            </circle>
          ))}
          <text x={width - RIGHT} y={HEIGHT - 4} className="tick" textAnchor="end">
            threshold of similarity
          </text>
          <text x={2} y={HEIGHT - 4} className="tick">
            effective number
          </text>
        </svg>
      </div>
    </Panel>
  );
}
