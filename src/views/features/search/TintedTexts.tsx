import { useMemo } from 'react';
import type { TextSearch } from '../../../engine/protocol.ts';
import { featureOverRows } from '../../../state/rows.ts';
import { formatActivation } from '../../shared/format.ts';
import { TintedText } from './TintedText.tsx';

interface TintedTextsProps {
  found: TextSearch;
  feature: number;
  /** What each text is called. */
  names: readonly [string, string];
  className: string;
}

/** A text, and the other one where there is one, tinted by one feature on one scale. */
export function TintedTexts({ found: { text, against }, feature, names, className }: TintedTextsProps) {
  const looks = useMemo(
    () =>
      [text, against]
        .filter((one) => one !== undefined)
        .map((one) => ({
          values: featureOverRows(one.codes, feature),
          tokens: one.tokens.map((token) => token.text),
        })),
    [text, against, feature],
  );
  const max = looks.reduce(
    (most, { values }) => values.reduce((top, value) => Math.max(top, value), most),
    0,
  );
  return (
    <>
      <p className="small">
        Tinted by feature {feature}, largest {formatActivation(max)}
      </p>
      <div className={className} data-tinted={feature}>
        {looks.map(({ values, tokens }, i) => (
          <TintedText
            key={names[i]}
            label={`${names[i]}, tinted by feature ${feature}`}
            tokens={tokens}
            values={values}
            max={max}
          />
        ))}
      </div>
    </>
  );
}
