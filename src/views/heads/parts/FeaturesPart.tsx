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
  if (layer === null) return null;
  if (layerOfHeads(hook) !== layer) return <OtherDictionary layer={layer} />;
  return (
    <div className="features-part">
      <Portfolio />
      {feature === null ? (
        <section className="panel" aria-label="Sources of a feature">
          <p className="quiet-text">
            Choose a feature: here it shows which heads and which tokens its activation comes from, and, step
            by step, what they found there.
          </p>
        </section>
      ) : (
        <Bench feature={feature} />
      )}
    </div>
  );
}

function OtherDictionary({ layer }: { layer: number }) {
  const hook = `blocks.${layer}.attn.hook_z`;
  const dictionaries = usePage((state) => state.opened?.dictionaries);
  const switching = usePage((state) => state.switching);
  const chooseDictionary = usePage((state) => state.chooseDictionary);
  const model = usePage((state) => state.opened?.model.id);
  const goTo = usePage((state) => state.goTo);
  const fitting = dictionaries?.filter((each) => each.hook === hook) ?? [];
  if (switching) return <p role="status">Opening the dictionary on {hook} …</p>;
  return (
    <section className="panel" aria-label="Features of the head">
      <p className="quiet-text">
        The features of a head are those of a dictionary on <code>{hook}</code>, the outputs of its layer’s
        heads.
        {fitting.length === 0 && ' None is listed for this model.'}
      </p>
      <div className="row">
        {fitting.map(({ id, title }) => (
          <button key={id} type="button" onClick={() => void chooseDictionary(id)}>
            Open {title === '' ? id : title}
          </button>
        ))}
        {fitting.length === 0 && (
          <button type="button" onClick={() => goTo('models', { look: model })}>
            Choose a dictionary
          </button>
        )}
      </div>
    </section>
  );
}
