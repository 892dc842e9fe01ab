import { memo } from 'react';
import { activationRatio, activationTint } from '../shared/colour.ts';
import { formatActivation } from '../shared/format.ts';
import { readableText } from '../shared/visible-text.ts';

interface TintedTokensProps {
  /** What the text is, for a screen reader. */
  label: string;
  tokens: readonly string[];
  values: ArrayLike<number>;
  /** Value at the full end of the scale. */
  max: number;
  /** The token it is about. */
  at?: number;
}

/** Tokens laid out together; parts out of sight are not. */
const PART = 200;

/** A text as it is read, each token tinted by its value; the value itself on hover. */
export const TintedTokens = memo(function TintedTokens(props: TintedTokensProps) {
  const { label, tokens, values, max, at } = props;
  const parts = Array.from({ length: Math.ceil(tokens.length / PART) }, (_, i) => i * PART);
  return (
    <div className="tinted" role="group" aria-label={label}>
      {parts.map((first) => (
        <span key={first}>
          {tokens.slice(first, first + PART).map((text, i) => {
            const token = first + i;
            const value = values[token] ?? 0;
            return (
              <bdi
                key={token}
                className={token === at ? 'is-at' : undefined}
                style={
                  value > 0 ? { backgroundColor: activationTint(activationRatio(value, max)) } : undefined
                }
                title={value > 0 ? formatActivation(value) : undefined}
              >
                {readableText(text)}
              </bdi>
            );
          })}
        </span>
      ))}
    </div>
  );
});
