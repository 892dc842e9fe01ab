import { type KeyboardEvent, type ReactNode, useRef } from 'react';
import { activationRatio, activationTint } from '../shared/colour.ts';
import { formatActivation } from '../shared/format.ts';
import { stepByKey } from '../shared/keys.ts';
import { readableText, spokenText, visibleText } from '../shared/visible-text.ts';

interface TintedTokensProps {
  tokens: readonly string[];
  /** [tokens] */
  values: ArrayLike<number>;
  from: number;
  to: number;
  /** Value at the full end of the scale. */
  max: number;
  /** The token that is outlined, and where the keyboard enters; −1 for none. */
  at: number;
  /** Line breaks of the text break lines. */
  breaks: boolean;
  /** In words, besides the token and its value. */
  more?: (token: number) => string;
  /** The token under the pointer, or with the focus. */
  onPeek?: (token: number | null) => void;
  onPick?: (token: number) => void;
}

/**
 * A text with the tokens tinted on which a feature fires. Only these, and the one outlined, are controls; arrow keys walk
 * them. The rest is plain text, so that long texts stay light.
 */
export function TintedTokens(props: TintedTokensProps) {
  const { tokens, values, from, to, max, at, breaks, more, onPeek, onPick } = props;
  const line = useRef<HTMLParagraphElement>(null);
  const parts: ReactNode[] = [];
  const stops: number[] = [];
  let plain = '';
  const flush = (): void => {
    if (plain !== '') parts.push(plain);
    plain = '';
  };
  for (let token = from; token < to; token++) {
    const shown = breaks ? broken(tokens[token]!) : readableText(tokens[token]!);
    if (!(values[token]! > 0) && token !== at) plain += shown;
    else {
      flush();
      stops.push(token);
      parts.push(token);
    }
  }
  flush();
  const entry = stops.includes(at) ? at : stops[0];
  const onKeyDown = (event: KeyboardEvent): void => {
    const current = Number((event.target as HTMLElement).dataset.token);
    const place = stops.indexOf(current);
    if (place < 0) return;
    const go = (stop: number) => (): void =>
      line.current?.querySelector<HTMLElement>(`[data-token="${stops[stop] ?? current}"]`)?.focus();
    stepByKey(event, {
      ArrowRight: go(place + 1),
      ArrowLeft: go(place - 1),
      Home: go(0),
      End: go(stops.length - 1),
    });
  };
  return (
    // Arrow keys walk what is inside.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <p
      ref={line}
      className={`tinted${breaks ? ' has-breaks' : ''}`}
      onKeyDown={onKeyDown}
      onPointerLeave={() => onPeek?.(null)}
      onBlur={() => onPeek?.(null)}
    >
      {parts.map((part, i) => {
        if (typeof part !== 'number') {
          // A piece of text is its place.
          // oxlint-disable-next-line react/no-array-index-key
          return <span key={`text ${i}`}>{part}</span>;
        }
        const text = tokens[part]!;
        const said = [spokenText(text), formatActivation(values[part]!), more?.(part)]
          .filter(Boolean)
          .join(', ');
        return (
          <button
            key={part}
            type="button"
            data-token={part}
            tabIndex={part === entry ? 0 : -1}
            className={part === at ? 'is-at' : undefined}
            aria-label={said}
            title={said}
            style={{ backgroundColor: activationTint(activationRatio(values[part]!, max)) }}
            onClick={() => onPick?.(part)}
            onFocus={() => onPeek?.(part)}
            onPointerEnter={() => onPeek?.(part)}
          >
            {text.trim() === '' ? visibleText(text) : breaks ? broken(text) : readableText(text)}
            {breaks && text.trim() === '' && text.includes('\n') && '\n'}
          </button>
        );
      })}
    </p>
  );
}

/** Visible as ever, but line breaks also break the line. */
const broken = (text: string): string =>
  text
    .split('\n')
    .map((line) => readableText(line))
    .join('↵\n');
