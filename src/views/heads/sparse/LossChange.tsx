import { type KeyboardEvent, memo, useMemo, useRef } from 'react';
import type { Analysis } from '../../../engine/protocol.ts';
import { positionOf, rowOf } from '../../../state/rows.ts';
import type { SparseResult } from '../../../state/sparse.ts';
import { usePage } from '../../../state/store.ts';
import { barsDrawing } from '../../shared/bars-drawing.ts';
import { mark } from '../../shared/colour.ts';
import { formatFixed, formatSigned } from '../../shared/format.ts';
import { Panel } from '../../shared/Panel.tsx';
import { spokenText, visibleText } from '../../shared/visible-text.ts';
import { lossChange } from './derived.ts';
import { lossTable } from './tables.ts';
import { stepByKey } from '../../shared/keys.ts';

/** Changes below this, in nats, are never drawn as full bars. */
const LEAST_FULL = 0.1;
/** Bars of an exported image: the largest changes. */
const DRAWN = 40;

/** Which tokens the model predicts worse, or better, with less to look at. */
export function LossChange({ result: { sparse, analysis } }: { result: SparseResult }) {
  const change = useMemo(() => lossChange(sparse), [sparse]);
  const most = useMemo(() => strongest(change, DRAWN), [change]);
  const full = Math.max(LEAST_FULL, Math.abs(change[most[0] ?? 0] || 0));
  return (
    <Panel
      title="Loss, token by token"
      about={
        <>
          <p>
            Under each token the change of its loss in nats: a bar up is a rise (predicted worse under the
            patterns), a bar down a fall. A full bar is the largest change of this text.
          </p>
          <p>← → walk, Home and End jump, Enter chooses the token.</p>
        </>
      }
      table={() => lossTable(sparse, analysis)}
      textColumns={[1]}
      drawing={() =>
        barsDrawing(
          most.map((row) => ({
            label: `${positionOf(analysis, row)} ${visibleText(analysis.tokens[row]!.text)}`,
            value: change[row]!,
            shown: formatSigned(change[row]!, 3),
            colour: change[row]! > 0 ? mark.positive : mark.negative,
          })),
        )
      }
    >
      <p className="small">
        A full bar is {formatFixed(full)} nats; blue up: predicted worse, orange down: better.
      </p>
      <ChangeStrip analysis={analysis} change={change} loss={sparse.loss} full={full} />
    </Panel>
  );
}

/** Rows with the largest changes either way, largest first. */
export function strongest(change: Float32Array, count: number): number[] {
  return Array.from(change, (_, row) => row)
    .filter((row) => Math.abs(change[row]!) > 0)
    .sort((a, b) => Math.abs(change[b]!) - Math.abs(change[a]!) || a - b)
    .slice(0, count);
}

interface StripProps {
  analysis: Analysis;
  change: Float32Array;
  loss: Float32Array;
  /** Change of a full bar, nats. */
  full: number;
}

/** A listbox of tokens: one tab stop, arrows inside. */
function ChangeStrip({ analysis, change, loss, full }: StripProps) {
  const strip = useRef<HTMLDivElement>(null);
  const select = usePage((state) => state.select);
  const active = usePage((state) => state.view.active);
  const chosen = active === null ? undefined : rowOf(analysis, active);
  const stop = chosen ?? Math.min(analysis.prefix, analysis.tokens.length - 1);
  const focusOn = (row: number): void => {
    const to = Math.max(0, Math.min(analysis.tokens.length - 1, row));
    strip.current?.querySelector<HTMLElement>(`[data-row="${to}"]`)?.focus();
  };
  const rowUnder = (target: EventTarget): number | undefined => {
    const row = (target as Element).closest<HTMLElement>('[data-row]')?.dataset.row;
    return row === undefined ? undefined : Number(row);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const row = rowUnder(event.target);
    if (row === undefined) return;
    stepByKey(event, {
      ArrowRight: () => focusOn(row + 1),
      ArrowLeft: () => focusOn(row - 1),
      Home: () => focusOn(0),
      End: () => focusOn(analysis.tokens.length - 1),
      Enter: () => select(row),
      ' ': () => select(row),
    });
  };
  return (
    <div
      ref={strip}
      className="change-strip"
      role="listbox"
      aria-label="Change of the loss, token by token"
      aria-orientation="horizontal"
      tabIndex={-1}
      onKeyDown={onKeyDown}
      onClick={(event) => {
        const row = rowUnder(event.target);
        if (row !== undefined) select(row);
      }}
    >
      {analysis.tokens.map(({ text }, row) => (
        <ChangedToken
          // A token is its place.
          // oxlint-disable-next-line react/no-array-index-key
          key={row}
          text={text}
          row={row}
          number={row + 1 - analysis.prefix}
          change={change[row]!}
          loss={loss[row]!}
          tall={Math.abs(change[row]!) / full}
          active={row === chosen}
          stop={row === stop}
        />
      ))}
    </div>
  );
}

interface TokenProps {
  text: string;
  row: number;
  number: number;
  change: number;
  loss: number;
  /** Height of the bar, 0 … 1. */
  tall: number;
  active: boolean;
  stop: boolean;
}

const ChangedToken = memo(function ChangedToken({
  text,
  row,
  number,
  change,
  loss,
  tall,
  active,
  stop,
}: TokenProps) {
  const known = !Number.isNaN(change);
  const said = `${number}: ${spokenText(text)}; ${
    known ? `loss ${formatFixed(loss)}, change ${formatSigned(change)} nats` : 'not predicted'
  }`;
  return (
    <div
      role="option"
      aria-selected={active}
      aria-label={said}
      title={said}
      data-row={row}
      tabIndex={stop ? 0 : -1}
      className={`change-token${active ? ' is-active' : ''}`}
    >
      <bdi className="token-text">{visibleText(text)}</bdi>
      <span className="change-bar" aria-hidden="true">
        {tall > 0 && (
          <span
            style={{
              height: `max(1px, ${50 * tall}%)`,
              backgroundColor: change > 0 ? mark.positive : mark.negative,
              ...(change > 0 ? { bottom: '50%' } : { top: '50%' }),
            }}
          />
        )}
      </span>
    </div>
  );
});
