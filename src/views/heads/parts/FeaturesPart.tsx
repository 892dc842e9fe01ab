import { layerOfHeads } from '../../../state/attribution-question.ts';
import { usePage } from '../../../state/store.ts';
import { Bench } from '../attribution/Bench.tsx';
import { Portfolio } from '../attribution/Portfolio.tsx';
import '../attribution/attribution.css';

/** The features that a head writes, of the dictionary on its layer’s output, and where the open one comes from. */
export default function FeaturesPart() {
  const layer = usePage((state) => state.view.layer);
  const feature = usePage((state) => state.view.feature);
  const hook = usePage((state) => state.opened?.dictionary?.hook);
  // The page of a head opens its layer’s dictionary first.
  if (layer === null || layerOfHeads(hook) !== layer) return null;
  return (
    <div className="features-page">
      <div className="features-part">
        <Portfolio />
        {feature === null ? (
          <section className="panel" aria-label="Sources of a feature">
            <p className="quiet-text">
              Choose a feature: here it shows which heads and which tokens its activation comes from, and,
              step by step, what they found there.
            </p>
          </section>
        ) : (
          <Bench feature={feature} />
        )}
      </div>
    </div>
  );
}
