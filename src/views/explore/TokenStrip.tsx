import {
  type KeyboardEvent,
  memo,
  type MouseEvent,
  type PointerEvent,
  useEffect,
  useId,
  useRef,
} from 'react';
import type { Analysis, TokenRecord } from '../../engine/protocol.ts';
import { usePage } from '../../state/store.ts';
import type { Tint } from '../../state/view-state.ts';
import { activationRatio, activationTint, attributionTint } from '../shared/colour.ts';
import { formatActivation, formatFixed } from '../shared/format.ts';
import { Panel } from '../shared/Panel.tsx';
import { spokenText, visibleText } from '../shared/visible-text.ts';
import type { Choice, Tinting } from './derived.ts';
import { stripDrawing } from './strip-drawing.ts';
import { stripTable } from './tables.ts';

const TINT_NAMES: Record<Tint, string> = {
  auto: 'The open feature, else the most telling',
  telling: 'Most telling feature of each token',
  strongest: 'Strongest feature of each token',
  loss: 'Loss of each token',
  none: 'Nothing',
};

interface StripProps {
  analysis: Analysis;
  choice: Choice;
  tinting: Tinting;
}

export function TokenStrip({ analysis, choice, tinting }: StripProps) {
  const id = useId();
  const tint = usePage((state) => state.view.tint);
  const change = usePage((state) => state.change);
  const select = usePage((state) => state.select);
  const chosen = choice.ranges.reduce((count, [from, to]) => count + to - from + 1, 0);
  return (
    <Panel
      title="Tokens"
      about={
        <>
          <p>
            One box a token, as the model splits the text; · is a space, ↵ a new line, \xHH a byte of a
            character that is split over several tokens. Under a token: the feature behind its tint.
          </p>
          <p>
            <em>Most telling</em>: the feature whose value stands out most from its own mean over the other
            tokens of this text. Values are activations in the dictionary’s own units; the scale is log₁₀(1 +
            9 · value / largest).
          </p>
          <p>← → walk, Shift or dragging brushes several, Enter opens the feature, Esc clears.</p>
        </>
      }
      table={() => stripTable(analysis, tinting)}
      textColumns={[1]}
      drawing={() => stripDrawing(analysis, tinting)}
    >
      <div className="strip-tools">
        <label htmlFor={`${id}-tint`}>Tint by</label>
        <select
          id={`${id}-tint`}
          value={tint}
          onChange={(event) => change({ tint: event.target.value as Tint })}
        >
          {Object.entries(TINT_NAMES).map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
        <Legend tinting={tinting} />
        <span className="grow" />
        {(choice.active !== undefined || chosen > 0) && (
          <button
            type="button"
            className="quiet"
            onClick={() => {
              document.querySelector<HTMLElement>('.token[tabindex="0"]')?.focus();
              select(null);
            }}
          >
            {chosen > 0 ? `${chosen} tokens chosen: clear` : 'Clear'}
          </button>
        )}
      </div>
      <Strip analysis={analysis} choice={choice} tinting={tinting} />
    </Panel>
  );
}

function Legend({ tinting: { what, feature, max } }: { tinting: Tinting }) {
  if (what === 'none' || max <= 0) return null;
  const name = what === 'loss' ? 'loss, nats' : what === 'feature' ? `feature ${feature}` : 'activation';
  return (
    <span className="legend small">
      {name} 0
      <span className={`ramp ${what === 'loss' ? 'ramp-attribution' : ''}`} aria-hidden="true" />
      {formatActivation(max)}
    </span>
  );
}

function tintOf({ what, values, max }: Tinting, row: number): string {
  const ratio = activationRatio(values[row] ?? 0, max);
  return what === 'loss' ? attributionTint(ratio) : activationTint(ratio);
}

/** A listbox of tokens: one tab stop, arrows inside. */
function Strip({ analysis, choice, tinting }: StripProps) {
  const select = usePage((state) => state.select);
  const openFeature = usePage((state) => state.openFeature);
  const underline = usePage((state) => state.view.loss);
  const strip = useRef<HTMLDivElement>(null);
  const dragging = useRef(false);
  const focusAfter = useRef(false);
  // Where the last step of a brush went; the active row stays its other end.
  const cursor = useRef<number | undefined>(undefined);
  const { tokens, loss, prefix } = analysis;
  const stop = choice.active ?? Math.min(prefix, tokens.length - 1);

  useEffect(() => {
    if (!focusAfter.current) return;
    focusAfter.current = false;
    const row = cursor.current ?? stop;
    strip.current?.querySelector<HTMLElement>(`[data-row="${row}"]`)?.focus();
  });

  const go = (row: number, extend: boolean): void => {
    const to = Math.max(0, Math.min(tokens.length - 1, row));
    cursor.current = to;
    focusAfter.current = true;
    select(to, extend);
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    const from = event.shiftKey ? (cursor.current ?? stop) : stop;
    const steps: Record<string, () => void> = {
      ArrowRight: () => go(choice.active === undefined ? from : from + 1, event.shiftKey),
      ArrowLeft: () => go(choice.active === undefined ? from : from - 1, event.shiftKey),
      Home: () => go(0, event.shiftKey),
      End: () => go(tokens.length - 1, event.shiftKey),
      Escape: () => {
        focusAfter.current = true;
        cursor.current = undefined;
        select(null);
      },
      Enter: () => {
        const feature = strongestAt(analysis, stop);
        if (choice.active === undefined) select(stop);
        if (feature !== undefined) openFeature(feature);
      },
      ' ': () => go(stop, false),
    };
    const step = steps[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    step();
  };

  const rowUnder = (event: PointerEvent | MouseEvent): number | undefined => {
    const found = (event.target as Element).closest<HTMLElement>('[data-row]');
    return found ? Number(found.dataset.row) : undefined;
  };
  const onPointerDown = (event: PointerEvent): void => {
    const row = rowUnder(event);
    // A finger may be about to scroll; its tap arrives as a click.
    if (row === undefined || event.button !== 0 || event.pointerType === 'touch') return;
    dragging.current = true;
    cursor.current = row;
    select(row, event.shiftKey);
  };
  const onClick = (event: MouseEvent): void => {
    const row = rowUnder(event);
    if (row === undefined || (event.nativeEvent as globalThis.PointerEvent).pointerType !== 'touch') return;
    cursor.current = row;
    select(row, event.shiftKey);
  };
  const onPointerMove = (event: PointerEvent): void => {
    if (!dragging.current) return;
    if (event.buttons === 0) {
      dragging.current = false;
      return;
    }
    const row = rowUnder(event);
    if (row === undefined || row === cursor.current) return;
    cursor.current = row;
    select(row, true);
  };

  return (
    <div
      ref={strip}
      className="strip"
      role="listbox"
      aria-label="Tokens"
      aria-multiselectable="true"
      aria-orientation="horizontal"
      tabIndex={-1}
      onKeyDown={onKeyDown}
      onClick={onClick}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={() => {
        dragging.current = false;
      }}
    >
      {tokens.map((token, row) => (
        <Token
          // A token is its place: two of the same text are different tokens.
          // oxlint-disable-next-line react/no-array-index-key
          key={row}
          token={token}
          row={row}
          number={row + 1 - prefix}
          tint={tintOf(tinting, row)}
          value={tinting.values[row] ?? 0}
          what={tinting.what}
          feature={tinting.feature ?? tinting.features?.[row]}
          loss={loss[row]!}
          underline={underline}
          active={row === choice.active}
          brushed={choice.ranges.some(([from, to]) => row >= from && row <= to)}
          stop={row === stop}
        />
      ))}
    </div>
  );
}

interface TokenProps {
  token: TokenRecord;
  row: number;
  /** 1 for the first token of what is read, 0 for what stands before it. */
  number: number;
  tint: string;
  value: number;
  what: Tinting['what'];
  feature: number | undefined;
  loss: number;
  underline: boolean;
  active: boolean;
  brushed: boolean;
  stop: boolean;
}

const Token = memo(function Token(props: TokenProps) {
  const { token, row, number, tint, value, what, feature, loss, underline, active, brushed, stop } = props;
  const fires = what !== 'loss' && what !== 'none' && value > 0 && feature !== undefined && feature >= 0;
  const spoken = [
    `${number}: ${spokenText(token.text)}`,
    token.ofParts > 1 ? `part ${token.part + 1} of ${token.ofParts} of one character` : '',
    fires ? `feature ${feature}, ${formatActivation(value)}` : '',
    Number.isNaN(loss) ? '' : `loss ${formatFixed(loss)} nats`,
  ];
  return (
    <div
      role="option"
      aria-selected={active || brushed}
      aria-label={spoken.filter(Boolean).join('; ')}
      data-row={row}
      tabIndex={stop ? 0 : -1}
      className={`token${active ? ' is-active' : ''}${brushed ? ' is-brushed' : ''}${token.special ? ' is-special' : ''}${token.ofParts > 1 ? ' is-part' : ''}`}
      title={spoken.filter(Boolean).join('\n')}
      style={{ backgroundColor: tint }}
    >
      <bdi className="token-text">{visibleText(token.text)}</bdi>
      {what === 'loss' ? (
        <span className="token-sub">{Number.isNaN(loss) ? '–' : formatFixed(loss, 1)}</span>
      ) : (
        <span className="token-sub">
          {fires ? (what === 'feature' ? formatActivation(value) : `#${feature}`) : '\u00a0'}
        </span>
      )}
      {underline && !Number.isNaN(loss) && (
        <span
          className="token-loss"
          style={{ transform: `scaleX(${Math.min(1, loss / LOSS_SCALE).toFixed(3)})` }}
        />
      )}
    </div>
  );
});

/** Loss whose underline is as wide as the token. */
const LOSS_SCALE = 10;

function strongestAt({ codes }: Analysis, row: number): number | undefined {
  const at = codes.offsets[row];
  return at === undefined || at >= (codes.offsets[row + 1] ?? 0) ? undefined : codes.indices[at];
}
