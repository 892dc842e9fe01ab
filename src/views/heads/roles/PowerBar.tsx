import type { HeadRoles } from '../../../engine/protocol.ts';
import { formatPercent } from '../../shared/format.ts';
import { useWidth } from '../../shared/useWidth.ts';
import { type PowerPart, powerParts } from './derived.ts';

const HEIGHT = 62;
const BAR = 24;
const TOP = 18;

const NAMES = { others: 'smaller roles', overlap: 'overlap', unexplained: 'unexplained' } as const;

/** Name of a part of a head's power. */
function nameOf({ kind, role }: PowerPart): string {
  return kind === 'role' ? `role ${role! + 1}` : NAMES[kind];
}

/** The solid colour of a role, fainter down the list; number and order say the same. */
export const roleColour = (role: number): string =>
  `color-mix(in oklab, var(--activation-mark) ${Math.max(30, 100 - 14 * role)}%, var(--surface))`;

/** The head's whole output power as one bar, what is unexplained included. */
export function PowerBar({ head }: { head: HeadRoles }) {
  const [ref, width] = useWidth<HTMLDivElement>();
  const parts = powerParts(head);
  // An overlap below 0 has no place in a bar; it is said beside it.
  const drawn = parts.filter(({ power }) => power > 0);
  const total = drawn.reduce((sum, { power }) => sum + power, 0);
  const widths = drawn.map(({ power }) => (total > 0 ? (power / total) * width : 0));
  const starts = widths.map((_, i) => widths.slice(0, i).reduce((sum, own) => sum + own, 0));
  const said = parts.map((part) => `${nameOf(part)} ${formatPercent(part.power)}`).join(', ');
  return (
    <div ref={ref}>
      <svg width={width} height={HEIGHT} role="img" aria-label={`Output power of the head: ${said}`}>
        <defs>
          <pattern id="unexplained" width={6} height={6} patternUnits="userSpaceOnUse">
            <path d="M-1,7L7,-1" stroke="var(--line-strong)" strokeWidth={1.2} />
          </pattern>
        </defs>
        {drawn.map((part, i) => {
          const { kind, role, power } = part;
          const [start, own] = [starts[i]!, widths[i]!];
          const label = kind === 'role' ? String(role! + 1) : nameOf(part);
          const roomy = own > (kind === 'role' ? 14 : label.length * 6.5);
          return (
            <g key={nameOf(part)}>
              <rect
                x={start}
                y={TOP}
                width={Math.max(0.5, own - 1)}
                height={BAR}
                fill={
                  kind === 'role'
                    ? roleColour(role!)
                    : kind === 'unexplained'
                      ? 'url(#unexplained)'
                      : 'var(--surface-sunk)'
                }
                stroke={kind === 'role' ? 'none' : 'var(--line-strong)'}
                strokeWidth={kind === 'role' ? 0 : 1}
              >
                <title>{`${nameOf(part)}: ${formatPercent(power)} of the output power`}</title>
              </rect>
              {roomy && (
                <text x={start + own / 2} y={TOP - 5} className="tick" textAnchor="middle">
                  {label}
                </text>
              )}
              {own > 44 && (
                <text x={start + own / 2} y={TOP + BAR + 14} className="tick" textAnchor="middle">
                  {formatPercent(power)}
                </text>
              )}
            </g>
          );
        })}
      </svg>
      {head.overlap < -0.0005 && (
        <p className="small">
          Roles that fire together overlap by {formatPercent(-head.overlap)}: the parts add up to more than
          the whole.
        </p>
      )}
    </div>
  );
}
