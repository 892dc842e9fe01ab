import { scaleLinear } from 'd3';
import { useId } from 'react';
import type { AblatedText, Analysis } from '../../engine/protocol.ts';
import { useHeads } from '../../state/heads.ts';
import { usePage } from '../../state/store.ts';
import type { ViewState } from '../../state/view-state.ts';
import { BarRows } from '../shared/BarRows.tsx';
import { type Choice } from '../shared/choice.ts';
import { mark } from '../shared/colour.ts';
import { formatFixed, formatNats, formatPercent, formatSigned } from '../shared/format.ts';
import { Panel } from '../shared/Panel.tsx';
import { TokenText } from '../shared/TokenText.tsx';
import { useWidth } from '../shared/useWidth.ts';
import { visibleText } from '../shared/visible-text.ts';
import { headName, useAsking } from './derived.ts';
import { ablatedTable } from './tables.ts';
import { Work } from './Work.tsx';

const HEIGHT = 110;
const LEFT = 38;

/** The text without some heads, beside the text as it is. */
export function Ablation({ analysis, choice }: { analysis: Analysis; choice: Choice }) {
  const ablated = usePage((state) => state.view.ablated);
  const wantAblated = useHeads((state) => state.wantAblated);
  const found = useHeads((state) => state.ablated);
  useAsking(wantAblated);
  if (ablated.length === 0) return null;
  const value = found.value?.loss.length === analysis.tokens.length ? found.value : undefined;
  return (
    <Panel
      title="Ablation here"
      className="ablation-panel"
      about={
        <>
          <p>
            The text is read again with z of the chosen heads, what they bring before W_O, set to its mean
            over this text (without row 0) or to zero. Loss: −ln p(token | tokens before it) in nats; KL: of
            the next-token distribution as is from that ablated.
          </p>
          <p>
            Small changes are common: other heads may do the same. Ablate several together, with A on the
            grid, to see.
          </p>
        </>
      }
      table={() => (value ? ablatedTable(value, analysis) : { columns: [], rows: [] })}
      textColumns={[1]}
    >
      <Chosen />
      <Work slot="ablated" what="Reading the text without them">
        {value ? <Change found={value} /> : ''}
      </Work>
      <div className={found.key === found.of ? 'ablation' : 'ablation is-stale'} aria-busy={found.running}>
        {value && (
          <>
            <Bars found={value} analysis={analysis} choice={choice} />
            <Next found={value} analysis={analysis} choice={choice} />
          </>
        )}
      </div>
    </Panel>
  );
}

function Chosen() {
  const id = useId();
  const { ablated, ablation } = usePage((state) => state.view);
  const change = usePage((state) => state.change);
  const toggleAblated = useHeads((state) => state.toggleAblated);
  return (
    <div className="strip-tools">
      <span className="chips">
        {ablated.map((at) => (
          <button
            key={headName(at.layer, at.head)}
            type="button"
            className="chip"
            aria-label={`Put head ${headName(at.layer, at.head)} back`}
            onClick={() => toggleAblated(at)}
          >
            {headName(at.layer, at.head)} ×
          </button>
        ))}
      </span>
      <label htmlFor={id}>set to</label>
      <select
        id={id}
        value={ablation}
        onChange={(event) => change({ ablation: event.target.value as ViewState['ablation'] })}
      >
        <option value="mean">its mean here</option>
        <option value="zero">zero</option>
      </select>
      <button type="button" className="quiet" onClick={() => change({ ablated: [] })}>
        Put all back
      </button>
    </div>
  );
}

/** Mean over the rows whose number is known. */
export function meanOf(values: Float32Array): number {
  const known = values.filter((value) => !Number.isNaN(value));
  return known.length > 0 ? known.reduce((sum, value) => sum + value, 0) / known.length : NaN;
}

function Change({ found: { loss, ablated, kl } }: { found: AblatedText }) {
  const [before, after] = [meanOf(loss), meanOf(ablated)];
  return (
    <>
      loss {formatFixed(before, 3)} → <strong data-figure="ablated loss">{formatFixed(after, 3)}</strong> (
      <span data-figure="loss rise">{formatSigned(after - before, 3)}</span>) nats a token · KL{' '}
      {formatNats(meanOf(kl.subarray(1)))}
    </>
  );
}

/** Change of each token's loss: up is worse without the heads. */
function Bars({ found, analysis, choice }: { found: AblatedText; analysis: Analysis; choice: Choice }) {
  const [ref, width] = useWidth<HTMLDivElement>();
  const select = usePage((state) => state.select);
  const changes = found.ablated.map((value, row) => value - found.loss[row]!);
  const most = changes.reduce((max, value) => Math.max(max, Math.abs(value) || 0), 0.1);
  const worst = changes.reduce((best, value, row) => (value > (changes[best] || 0) ? row : best), 0);
  const low = changes.reduce((min, value) => Math.min(min, value || 0), 0);
  const y = scaleLinear([low < 0 ? Math.min(low, -0.1 * most) : 0, most], [HEIGHT - 8, 8]).nice(3);
  const label = y.tickFormat(3);
  const step = (width - LEFT) / Math.max(1, changes.length);
  return (
    <div ref={ref}>
      {/* The tokens are the keyboard's way to the same choice. */}
      {/* oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-noninteractive-element-interactions */}
      <svg
        width={width}
        height={HEIGHT}
        role="img"
        aria-label={`Change of loss, token by token; it rises most, by ${formatFixed(changes[worst] ?? NaN)} nats, at token ${worst + 1 - analysis.prefix}, ${visibleText(analysis.tokens[worst]?.text ?? '')}`}
        onClick={(event) => {
          const at = event.clientX - event.currentTarget.getBoundingClientRect().left - LEFT;
          if (at >= 0) select(Math.min(changes.length - 1, Math.floor(at / step)));
        }}
      >
        {choice.active !== undefined && (
          <rect
            x={LEFT + choice.active * step}
            y={0}
            width={Math.max(2, step)}
            height={HEIGHT}
            fill="var(--accent-soft)"
          />
        )}
        {y.ticks(3).map((tick) => (
          <g key={tick}>
            <line className="grid-line" x1={LEFT} x2={width} y1={y(tick)} y2={y(tick)} />
            <text className="tick" x={LEFT - 5} y={y(tick) + 4} textAnchor="end">
              {label(tick)}
            </text>
          </g>
        ))}
        {Array.from(changes, (value, row) => {
          if (!(Math.abs(value) > 0)) return null;
          const [top, bottom] = [y(Math.max(0, value)), y(Math.min(0, value))];
          return (
            <rect
              // A bar is its place in the text.
              // oxlint-disable-next-line react/no-array-index-key
              key={row}
              x={LEFT + row * step + step * 0.1}
              y={top}
              width={Math.max(0.8, step * 0.8)}
              height={Math.max(1, bottom - top)}
              fill={value > 0 ? mark.positive : mark.negative}
            />
          );
        })}
      </svg>
      <p className="small">
        change of loss, nats, token by token: blue where it rises without them{' '}
        {(changes[worst] || 0) > 0 && (
          <>
            · most at{' '}
            <button type="button" className="link" onClick={() => select(worst)}>
              <TokenText text={analysis.tokens[worst]!.text} /> {formatSigned(changes[worst]!)}
            </button>
          </>
        )}
      </p>
    </div>
  );
}

function Next({ found, analysis, choice }: { found: AblatedText; analysis: Analysis; choice: Choice }) {
  const row = choice.active ?? analysis.tokens.length - 1;
  const actual = analysis.tokens[row + 1]?.id;
  const most = Math.max(...[found.next, found.nextAblated].map(({ n, probs }) => probs[row * n] ?? 0));
  const bars = ({ n, ids, probs, texts }: AblatedText['next'], other: AblatedText['next']) =>
    Array.from({ length: Math.min(8, n) }, (_, rank) => {
      const at = row * n + rank;
      const id = ids[at]!;
      const place = other.ids.subarray(row * other.n, (row + 1) * other.n).indexOf(id);
      const elsewhere = place < 0 ? undefined : other.probs[row * other.n + place]!;
      return {
        key: id,
        label: <TokenText text={texts[at]!} />,
        value: probs[at]!,
        shown: formatPercent(probs[at]!),
        colour: id === actual ? 'var(--accent)' : mark.attribution,
        note: elsewhere === undefined ? 'new here' : `${formatSigned(100 * (probs[at]! - elsewhere), 1)} pp`,
      };
    });
  return (
    <>
      <h3>Next token after “{visibleText(analysis.tokens[row]?.text ?? '')}”</h3>
      <div className="two-columns">
        <div>
          <p className="small">as is</p>
          <BarRows
            label="Next tokens as is"
            max={most}
            rows={bars(found.next, found.nextAblated).map((bar) => ({ ...bar, note: undefined }))}
          />
        </div>
        <div>
          <p className="small">without the heads</p>
          <BarRows
            label="Next tokens without the heads"
            max={most}
            rows={bars(found.nextAblated, found.next)}
          />
        </div>
      </div>
    </>
  );
}
