import { type KeyboardEvent, memo, type MouseEvent, type PointerEvent, useEffect, useRef } from 'react';
import type { Analysis, TokenRecord } from '../../engine/protocol.ts';
import { usePage } from '../../state/store.ts';
import type { Choice } from './choice.ts';
import './text.css';
import { spokenText, visibleText } from './visible-text.ts';

/** What a box shows of its token besides the text. */
export interface TokenLook {
  tint: string;
  /** Under the text. */
  sub: string;
  /** In words, for a screen reader and on hover. */
  spoken: string;
  /** Length of the underline, 0 … 1; none when absent. */
  underline?: number;
}

interface BoxesProps {
  analysis: Pick<Analysis, 'tokens' | 'prefix'>;
  choice: Choice;
  /** Name of the listbox. */
  label: string;
  look: (row: number) => TokenLook;
  onEnter?: (row: number) => void;
  /** The row under the pointer, or with the focus. */
  onPeek?: (row: number | null) => void;
  /** Whether several tokens can be brushed. Default true. */
  several?: boolean;
}

/** A listbox of tokens: one tab stop, arrows inside. What is chosen in it is chosen everywhere. */
export function TokenBoxes({ analysis, choice, label, look, onEnter, onPeek, several = true }: BoxesProps) {
  const select = usePage((state) => state.select);
  const strip = useRef<HTMLDivElement>(null);
  const dragging = useRef(false);
  const focusAfter = useRef(false);
  // Where the last step of a brush went; the active row stays its other end.
  const cursor = useRef<number | undefined>(undefined);
  const { tokens, prefix } = analysis;
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
    select(to, several && extend);
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    const from = event.shiftKey ? (cursor.current ?? stop) : stop;
    const clearing = choice.active !== undefined || choice.ranges.length > 0;
    const steps: Record<string, (() => void) | undefined> = {
      ArrowRight: () => go(choice.active === undefined ? from : from + 1, event.shiftKey),
      ArrowLeft: () => go(choice.active === undefined ? from : from - 1, event.shiftKey),
      Home: () => go(0, event.shiftKey),
      End: () => go(tokens.length - 1, event.shiftKey),
      // With nothing to clear it is for whatever holds the tokens.
      Escape: clearing
        ? () => {
            focusAfter.current = true;
            cursor.current = undefined;
            select(null);
          }
        : undefined,
      Enter: () => {
        if (choice.active === undefined) select(stop);
        onEnter?.(stop);
      },
      ' ': () => go(stop, false),
    };
    const step = steps[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    step();
  };

  const rowUnder = (event: { target: EventTarget }): number | undefined => {
    const found = (event.target as Element).closest<HTMLElement>('[data-row]');
    return found ? Number(found.dataset.row) : undefined;
  };
  const onPointerDown = (event: PointerEvent): void => {
    const row = rowUnder(event);
    // A finger may be about to scroll; its tap arrives as a click.
    if (row === undefined || event.button !== 0 || event.pointerType === 'touch') return;
    dragging.current = true;
    cursor.current = row;
    select(row, several && event.shiftKey);
  };
  const onClick = (event: MouseEvent): void => {
    const row = rowUnder(event);
    if (row === undefined || (event.nativeEvent as globalThis.PointerEvent).pointerType !== 'touch') return;
    cursor.current = row;
    select(row, several && event.shiftKey);
  };
  const onPointerMove = (event: PointerEvent): void => {
    if (!dragging.current || !several) return;
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
      aria-label={label}
      aria-multiselectable={several}
      aria-orientation="horizontal"
      tabIndex={-1}
      onKeyDown={onKeyDown}
      onClick={onClick}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={() => {
        dragging.current = false;
      }}
      {...(onPeek && {
        onPointerOver: (event: PointerEvent) => onPeek(rowUnder(event) ?? null),
        onPointerLeave: () => onPeek(null),
      })}
    >
      {tokens.map((token, row) => (
        <Token
          // A token is its place: two of the same text are different tokens.
          // oxlint-disable-next-line react/no-array-index-key
          key={row}
          token={token}
          row={row}
          number={row + 1 - prefix}
          {...look(row)}
          active={row === choice.active}
          brushed={choice.ranges.some(([from, to]) => row >= from && row <= to)}
          stop={row === stop}
        />
      ))}
    </div>
  );
}

interface TokenProps extends TokenLook {
  token: TokenRecord;
  row: number;
  /** 1 for the first token of what is read, 0 for what stands before it. */
  number: number;
  active: boolean;
  brushed: boolean;
  stop: boolean;
}

const Token = memo(function Token(props: TokenProps) {
  const { token, row, number, tint, sub, spoken, underline, active, brushed, stop } = props;
  const said = [
    `${number}: ${spokenText(token.text)}`,
    token.ofParts > 1 ? `part ${token.part + 1} of ${token.ofParts} of one character` : '',
    spoken,
  ].filter(Boolean);
  return (
    <div
      role="option"
      aria-selected={active || brushed}
      aria-label={said.join('; ')}
      data-row={row}
      tabIndex={stop ? 0 : -1}
      className={`token${active ? ' is-active' : ''}${brushed ? ' is-brushed' : ''}${token.special ? ' is-special' : ''}${token.ofParts > 1 ? ' is-part' : ''}`}
      title={said.join('\n')}
      style={{ backgroundColor: tint }}
    >
      <bdi className="token-text">{visibleText(token.text)}</bdi>
      <span className="token-sub">{sub || '\u00a0'}</span>
      {underline !== undefined && (
        <span className="token-loss" style={{ transform: `scaleX(${Math.min(1, underline).toFixed(3)})` }} />
      )}
    </div>
  );
});
