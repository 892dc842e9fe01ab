import type { ScanExample } from '../../engine/protocol.ts';
import { scanFigures, useFeaturePage } from '../../state/feature-page.ts';
import { usePage } from '../../state/store.ts';
import { TintedTokens } from '../features/FeaturePageTokens.tsx';
import { formatActivation } from '../shared/format.ts';

const SHOWN = 20;
/** Tokens on either side of the one an example is of. */
const CONTEXT = 10;

/** The texts with the largest values, in short. */
export function EmbedExamples() {
  const examples = useFeaturePage((state) => state.examples);
  const feature = usePage((state) => state.view.feature)!;
  const max = usePage((state) => scanFigures(state)?.max[feature] ?? 0);
  const top = examples.value?.groups.find(({ kind }) => kind === 'top')?.examples.slice(0, SHOWN);
  return (
    <section className="panel" aria-label="Examples">
      <h2>Texts with the largest values</h2>
      {top ? (
        <ol className="embed-examples" aria-label="Texts with the largest values">
          {top.map((example) => (
            <li key={`${example.item}/${example.first + example.at}`} className="embed-example">
              <Example example={example} max={max} />
            </li>
          ))}
        </ol>
      ) : (
        <p className="quiet-text" role="status">
          {examples.running ? 'Reading the texts it fires on …' : 'Needs texts that have been read.'}
        </p>
      )}
      {top?.length === 0 && <p className="quiet-text">It fires nowhere in what was read.</p>}
    </section>
  );
}

function Example({ example: { tokens, values, at, value }, max }: { example: ScanExample; max: number }) {
  return (
    <>
      <strong className="number">{formatActivation(value)}</strong>
      <TintedTokens
        tokens={tokens}
        values={values}
        from={Math.max(0, at - CONTEXT)}
        to={Math.min(tokens.length, at + CONTEXT + 1)}
        max={max}
        at={at}
        breaks={false}
      />
    </>
  );
}
