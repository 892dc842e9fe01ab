import { memo } from 'react';
import { TintedTokens } from '../FeaturePageTokens.tsx';
import '../feature-page.css';

interface TintedTextProps {
  /** What the text is, for a screen reader. */
  label: string;
  tokens: readonly string[];
  values: ArrayLike<number>;
  /** Value at the full end of the scale. */
  max: number;
  /** The token it is about. */
  at?: number;
}

/** A whole text tinted by a feature's values. */
export const TintedText = memo(function TintedText({ label, tokens, values, max, at = -1 }: TintedTextProps) {
  return (
    // Scrollable parts must be reachable by keyboard.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className="tinted-text" role="group" aria-label={label} tabIndex={0}>
      <TintedTokens
        tokens={tokens}
        values={values}
        from={0}
        to={tokens.length}
        max={max}
        at={at}
        breaks={false}
      />
    </div>
  );
});
