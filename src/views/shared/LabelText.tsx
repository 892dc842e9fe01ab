import type { FeatureLabel } from '../../engine/protocol.ts';
import { TokenText } from './TokenText.tsx';

/** What a feature fires on and promotes, in the model's own tokens: a label made by measurement, not by a person. */
export function LabelText({ label, topToken }: { label?: FeatureLabel; topToken?: string }) {
  return (
    <>
      {topToken ? (
        <>
          <TokenText text={topToken} />{' '}
        </>
      ) : null}
      {label && (
        <>
          <span aria-hidden="true">→ </span>
          <span className="visually-hidden">promotes </span>
          {label.promoted.slice(0, 3).map((text) => (
            <span key={text}>
              <TokenText text={text} />{' '}
            </span>
          ))}
        </>
      )}
    </>
  );
}
