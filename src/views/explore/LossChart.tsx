import { scaleLinear, ticks } from 'd3';
import type { Analysis } from '../../engine/protocol.ts';
import { usePage } from '../../state/store.ts';
import { mark } from '../shared/colour.ts';
import { formatFixed, formatNats } from '../shared/format.ts';
import { Panel } from '../shared/Panel.tsx';
import { useWidth } from '../shared/useWidth.ts';
import { visibleText } from '../shared/visible-text.ts';
import type { Choice } from './derived.ts';
import { lossTable } from './tables.ts';

const HEIGHT = 96;
const LEFT = 34;
const BOTTOM = 16;

/** Per-token loss as bars; the same order as the tokens above, the chosen one marked. */
export function LossChart({ analysis, choice }: { analysis: Analysis; choice: Choice }) {
  const [ref, width] = useWidth<HTMLDivElement>();
  const select = usePage((state) => state.select);
  const underline = usePage((state) => state.view.loss);
  const change = usePage((state) => state.change);
  const { loss, tokens, prefix } = analysis;
  const known = Array.from(loss).filter((value) => !Number.isNaN(value));
  const mean = known.reduce((sum, value) => sum + value, 0) / Math.max(1, known.length);
  const highest = Math.max(0, ...known);
  const x = scaleLinear([0, Math.max(1, tokens.length)], [LEFT, width]);
  const y = scaleLinear([0, Math.max(1, highest)], [HEIGHT - BOTTOM, 6]).nice(3);
  const step = x(1) - x(0);
  return (
    <Panel
      title="Loss"
      about={
        <>
          <p>
            −ln p(token | tokens before it), in nats, for every token of the text: high where the model was
            surprised.{' '}
            {prefix > 0
              ? 'The first token is predicted from the beginning-of-text token alone.'
              : 'The first token has none: this model reads nothing before it.'}{' '}
            Dashed: the mean.
          </p>
          <p>1 nat = 1.44 bits.</p>
        </>
      }
      table={() => lossTable(analysis)}
      textColumns={[1]}
    >
      <div ref={ref}>
        <p className="small figures">
          mean <strong data-figure="mean loss">{formatNats(known.length > 0 ? mean : NaN)}</strong> per token
          {choice.active !== undefined && !Number.isNaN(loss[choice.active]) && (
            <>
              {' '}
              · at “{visibleText(tokens[choice.active]!.text)}”{' '}
              <strong>{formatNats(loss[choice.active]!)}</strong>
            </>
          )}
          <label className="check">
            <input
              type="checkbox"
              checked={underline}
              onChange={(event) => change({ loss: event.target.checked })}
            />{' '}
            underline tokens by loss
          </label>
        </p>
        {/* The tokens above are the keyboard's way to the same choice. */}
        {/* oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-noninteractive-element-interactions */}
        <svg
          width={width}
          height={HEIGHT}
          role="img"
          aria-label={`Loss of ${known.length} tokens, mean ${formatNats(mean)}, highest ${formatNats(highest)}`}
          onClick={(event) => {
            const at = event.clientX - event.currentTarget.getBoundingClientRect().left;
            const row = Math.floor(x.invert(at));
            if (row >= 0 && row < tokens.length) select(row, event.shiftKey);
          }}
        >
          {ticks(0, y.domain()[1]!, 3).map((tick) => (
            <g key={tick}>
              <line x1={LEFT} x2={width} y1={y(tick)} y2={y(tick)} className="grid-line" />
              <text x={LEFT - 6} y={y(tick)} className="tick" textAnchor="end" dominantBaseline="middle">
                {tick}
              </text>
            </g>
          ))}
          {tokens.map(({ text }, row) => {
            const value = loss[row]!;
            if (Number.isNaN(value)) return null;
            return (
              // A bar is its place in the text.
              // oxlint-disable-next-line react/no-array-index-key
              <g key={row}>
                <rect
                  x={x(row) + step * 0.1}
                  y={y(value)}
                  width={Math.max(0.8, step * 0.8)}
                  height={Math.max(0.5, y(0) - y(value))}
                  fill={row === choice.active ? 'var(--accent)' : mark.attribution}
                />
                <title>{`${row + 1 - prefix}: ${visibleText(text)} ${formatFixed(value)} nats`}</title>
              </g>
            );
          })}
          {known.length > 0 && (
            <line
              x1={LEFT}
              x2={width}
              y1={y(mean)}
              y2={y(mean)}
              className="mean-line"
              strokeDasharray="4 3"
            />
          )}
          <text x={width} y={HEIGHT - 3} className="tick" textAnchor="end">
            token
          </text>
          <text x={2} y={HEIGHT - 3} className="tick">
            nats
          </text>
        </svg>
      </div>
    </Panel>
  );
}
