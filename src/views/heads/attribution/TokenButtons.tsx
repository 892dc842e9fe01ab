import { type FocusEvent, type KeyboardEvent, memo, useState } from 'react';
import { visibleText } from '../../shared/visible-text.ts';
import { foldRows, signed } from './derive.ts';

/** Rows beyond which a strip shows the largest only, until it is asked for all. */
const FOLD_ABOVE = 200;
const FOLD_TO = 80;

/** What a token's button looks like and says. */
export interface TokenLook {
  /** Background of the text, for activations. */
  fill?: string;
  /** Printed under the text. */
  value: string;
  /** Background of what is printed, for attributions: a bar of its own under the token, never the token itself. */
  tint?: string;
  negative?: boolean;
  spoken: string;
}

interface TokenButtonsProps {
  label: string;
  texts: readonly string[];
  /** Rows up to this one are shown. */
  last: number;
  /** [T] what rows are folded by. */
  values: Float32Array;
  look: (row: number) => TokenLook;
  onChoose: (row: number) => void;
  pressed?: number;
  /** Marked as the token that is looked from. */
  here?: number;
  /** Marked along with what is pointed at elsewhere. */
  peek?: number | null;
  onPeek?: (row: number | null) => void;
}

/** Tokens to choose from, in the order of the text: one tab stop, arrows inside, Enter chooses. */
export function TokenButtons(props: TokenButtonsProps) {
  const { label, texts, last, values, look, onChoose, pressed, here, peek, onPeek } = props;
  const [all, setAll] = useState(false);
  const [focused, setFocused] = useState<number>();
  const folds = last + 1 > FOLD_ABOVE;
  const stretches = foldRows(values, last, folds && !all ? FOLD_TO : last + 1);
  const shown = stretches.flatMap((stretch) => ('row' in stretch ? [stretch.row] : []));
  const stop = [focused, pressed, shown[0]].find((row) => row !== undefined && shown.includes(row));

  const onKeyDown = (event: KeyboardEvent<HTMLElement>): void => {
    const buttons = [...event.currentTarget.querySelectorAll<HTMLElement>('[data-row]')];
    const at = buttons.indexOf(event.target as HTMLElement);
    const steps: Record<string, number> = {
      ArrowRight: at + 1,
      ArrowDown: at + 1,
      ArrowLeft: at - 1,
      ArrowUp: at - 1,
      Home: 0,
      End: buttons.length - 1,
    };
    const to = steps[event.key];
    if (at < 0 || to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    buttons[Math.max(0, Math.min(buttons.length - 1, to))]?.focus();
  };
  const rowOf = (event: FocusEvent | React.PointerEvent | React.MouseEvent): number | undefined => {
    const row = (event.target as Element).closest<HTMLElement>('[data-row]')?.dataset.row;
    return row === undefined ? undefined : Number(row);
  };
  const leave = (): void => onPeek?.(null);
  return (
    <>
      {/* Keys and pointer reach the buttons; here they are only listened for once. */}
      {/* oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-noninteractive-element-interactions */}
      <div
        className="token-buttons"
        role="group"
        aria-label={label}
        onKeyDown={onKeyDown}
        onFocus={(event) => {
          const row = rowOf(event);
          setFocused(row);
          if (row !== undefined) onPeek?.(row);
        }}
        onBlur={leave}
        onPointerOver={(event) => event.pointerType === 'mouse' && onPeek?.(rowOf(event) ?? null)}
        onPointerLeave={leave}
        onClick={(event) => {
          const row = rowOf(event);
          if (row !== undefined) onChoose(row);
        }}
      >
        {stretches.map((stretch) =>
          'row' in stretch ? (
            <TokenButton
              key={stretch.row}
              row={stretch.row}
              text={visibleText(texts[stretch.row]!)}
              {...look(stretch.row)}
              stop={stretch.row === stop}
              pressed={pressed === undefined ? undefined : stretch.row === pressed}
              here={stretch.row === here}
              peeked={stretch.row === peek}
            />
          ) : (
            <span key={`gap ${stretch.first}`} className="token-gap small">
              … {stretch.skipped} {stretch.value === 0 ? '' : signed(stretch.value)} …
            </span>
          ),
        )}
      </div>
      {folds && (
        <button type="button" className="quiet fold" aria-pressed={all} onClick={() => setAll(!all)}>
          {all ? `Only the ${FOLD_TO} largest` : `All ${last + 1} tokens`}
        </button>
      )}
    </>
  );
}

interface TokenButtonProps extends TokenLook {
  row: number;
  text: string;
  stop: boolean;
  pressed: boolean | undefined;
  here: boolean;
  peeked: boolean;
}

const TokenButton = memo(function TokenButton(props: TokenButtonProps) {
  const { row, text, fill, value, tint, negative, spoken, stop, pressed, here, peeked } = props;
  const marks = [here && 'is-here', peeked && 'is-peeked', negative && 'is-negative'].filter(Boolean);
  return (
    <button
      type="button"
      className={['token-button', ...marks].join(' ')}
      data-row={row}
      tabIndex={stop ? 0 : -1}
      aria-pressed={pressed}
      aria-label={spoken}
      title={spoken}
    >
      <bdi className="token-text" style={{ backgroundColor: fill }}>
        {text || '∅'}
      </bdi>
      <span
        className={tint === undefined ? 'token-value' : 'token-value is-part'}
        style={{ backgroundColor: tint }}
      >
        {value}
      </span>
    </button>
  );
});
