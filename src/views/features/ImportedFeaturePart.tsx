import type { ImportedExample, ImportedFeature } from '../../exchange/neuronpedia-read.ts';
import { useNotes } from '../../state/notes.ts';
import { activationRatio, activationTint } from '../shared/colour.ts';
import { formatActivation, formatFixed, formatPercent } from '../shared/format.ts';
import { readableText, visibleText } from '../shared/visible-text.ts';

const SHOWN_EFFECTS = 10;
const SHOWN_EXAMPLES = 20;

/** The feature as a file of another page showed it: never mixed with what is measured here. */
export function ImportedFeaturePart({ feature }: { feature: number }) {
  const found = useNotes((state) => state.features[feature]);
  const drop = useNotes((state) => state.dropFeature);
  if (!found) return null;
  return (
    <details className="imported-feature">
      <summary>As {readableText(found.source)} showed it</summary>
      <Numbers found={found} />
      <ol className="examples" aria-label="Imported examples">
        {found.examples.slice(0, SHOWN_EXAMPLES).map((example, i) => (
          // A file's examples stay in their order.
          // oxlint-disable-next-line react/no-array-index-key
          <li key={i}>
            <Example example={example} max={found.max ?? 0} />
          </li>
        ))}
      </ol>
      <button type="button" className="quiet" onClick={() => void drop(feature)}>
        Remove what was imported
      </button>
    </details>
  );
}

function Numbers({ found }: { found: ImportedFeature }) {
  const { unit, density, max, promoted, suppressed } = found;
  const tokens = (all: typeof promoted): string =>
    all
      .slice(0, SHOWN_EFFECTS)
      .map(({ text, logit }) => `${visibleText(text)} ${formatFixed(logit)}`)
      .join(', ');
  const facts: [string, string][] = [
    ['Density', density === undefined ? '–' : formatPercent(density)],
    ['Largest value', max === undefined ? '–' : formatActivation(max)],
    ['Promotes', tokens(promoted)],
    ['Suppresses', tokens(suppressed)],
  ];
  return (
    <>
      <p className="small">
        {unit === 'decoder-norm-folded'
          ? 'Its numbers are of unit decoder rows: activations times the norm of the row, logits divided by it.'
          : 'Its numbers are in the dictionary’s own units.'}
      </p>
      <dl className="facts">
        {facts
          .filter(([, value]) => value !== '')
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
    </>
  );
}

function Example({ example: { tokens, values, interval }, max }: { example: ImportedExample; max: number }) {
  const most = values.reduce((a, b) => Math.max(a, b), 0);
  return (
    <>
      <span className="small">
        {formatActivation(most)}
        {interval &&
          ` · interval ${formatActivation(interval.low)} to ${formatActivation(interval.high)}, ${formatPercent(interval.share)}`}
      </span>
      <p className="example-text">
        {tokens.map((text, i) => (
          <span
            // A token is its place.
            // oxlint-disable-next-line react/no-array-index-key
            key={i}
            title={values[i]! > 0 ? formatActivation(values[i]!) : undefined}
            style={{ backgroundColor: activationTint(activationRatio(values[i]!, Math.max(max, most))) }}
          >
            {text.startsWith(' ') ? ' ' : ''}
            {visibleText(text.startsWith(' ') ? text.slice(1) : text)}
          </span>
        ))}
      </p>
    </>
  );
}
