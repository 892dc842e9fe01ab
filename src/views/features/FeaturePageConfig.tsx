import type { FeatureCard } from '../../engine/protocol.ts';
import { usePage } from '../../state/store.ts';
import { formatCount, formatFixed } from '../shared/format.ts';

/** Facts of the dictionary the feature is of. */
export function FeaturePageConfig({ card }: { card: FeatureCard }) {
  const dictionary = usePage((state) => state.opened?.dictionary);
  const model = usePage((state) => state.opened?.model);
  const goTo = usePage((state) => state.goTo);
  if (!dictionary || !model) return null;
  const { title, hook, hookOut, architecture, dIn, dSae, k, digest } = dictionary;
  const facts: readonly (readonly [string, string])[] = [
    ['Reads', hook],
    ...(hookOut === hook ? [] : ([['Writes', hookOut]] as const)),
    ['Dictionary', `${title} (${digest.slice(0, 8)})`],
    ['Architecture', k < dSae ? `${architecture}, k = ${k}` : architecture],
    ['d_in → d_sae', `${formatCount(dIn)} → ${formatCount(dSae)}`],
    ['Decoder norm', formatFixed(card.decoderNorm, 3)],
    ['Model', `${model.title} (${model.digest.slice(0, 8)})`],
  ];
  return (
    <section className="panel" aria-labelledby="feature-config">
      <header className="panel-head">
        <h2 id="feature-config">Dictionary</h2>
      </header>
      <dl className="feature-config">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <button type="button" className="quiet" onClick={() => goTo('models', { look: model.id })}>
        All dictionaries of this model
      </button>
    </section>
  );
}
