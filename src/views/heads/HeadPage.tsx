import { Tabs } from 'radix-ui';
import { type ComponentType, lazy, type LazyExoticComponent, Suspense, useEffect } from 'react';
import type { Analysis } from '../../engine/protocol.ts';
import type { Measure } from '../../state/head-measures.ts';
import { dictionaryOnHeads, readsHeads, useHeads } from '../../state/heads.ts';
import { steerWithout } from '../../state/recipe-edits.ts';
import { usePage } from '../../state/store.ts';
import { HEAD_PARTS, type ViewState } from '../../state/view-state.ts';
import type { Choice } from '../shared/choice.ts';
import { Ablation } from './Ablation.tsx';
import { headName } from './derived.ts';
import { HeadFigures } from './HeadFigures.tsx';
import '../shared/tabs.css';

type Part = ViewState['part'];

/** Every part of a head's page. A part reads the stores, and is fetched when first shown. */
const PARTS: Record<Part, { title: string; View: LazyExoticComponent<ComponentType> }> = {
  pattern: { title: 'Attention', View: lazy(() => import('./parts/PatternPart.tsx')) },
  features: { title: 'Features', View: lazy(() => import('./parts/FeaturesPart.tsx')) },
  roles: { title: 'Roles', View: lazy(() => import('./parts/RolesPart.tsx')) },
  circuits: { title: 'Circuits', View: lazy(() => import('./parts/CircuitsPart.tsx')) },
  sparse: { title: 'Sparse attention', View: lazy(() => import('./parts/SparsePart.tsx')) },
};
/** Parts about features: of the dictionary on the layer's `hook_z`. */
const OF_FEATURES: readonly Part[] = ['features', 'roles'];

interface PageProps {
  layer: number;
  head: number | null;
  analysis: Analysis | undefined;
  choice: Choice | undefined;
  measures: readonly Measure[];
  onOpen: (layer: number, head: number | null) => void;
  onBack: () => void;
}

/** One head, or the average of a layer's heads. */
export function HeadPage({ layer, head, analysis, choice, measures, onOpen, onBack }: PageProps) {
  const part = usePage((state) => state.view.part);
  const change = usePage((state) => state.change);
  return (
    // Only Escape is listened for, wherever the focus is inside.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <article
      className="head-page"
      aria-labelledby="head-title"
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || event.defaultPrevented) return;
        event.preventDefault();
        onBack();
      }}
    >
      <Top layer={layer} head={head} onOpen={onOpen} onBack={onBack} />
      {head !== null && <HeadFigures layer={layer} head={head} measures={measures} />}
      <Tabs.Root
        className="head-parts"
        value={part}
        activationMode="manual"
        onValueChange={(value) => change({ part: value as Part })}
      >
        <Tabs.List className="tabs" aria-label="Parts of this page">
          {HEAD_PARTS.map((id) => (
            <Tabs.Trigger key={id} value={id} className="tab">
              {PARTS[id].title}
            </Tabs.Trigger>
          ))}
        </Tabs.List>
        <Tabs.Content value={part} className="head-part" tabIndex={-1}>
          <PartView part={part} layer={layer} />
        </Tabs.Content>
      </Tabs.Root>
      {analysis && choice && <Ablation analysis={analysis} choice={choice} />}
    </article>
  );
}

function PartView({ part, layer }: { part: Part; layer: number }) {
  const ofFeatures = OF_FEATURES.includes(part);
  const ready = usePage((state) => !ofFeatures || readsHeads(state, layer));
  const { View } = PARTS[part];
  const loading = (
    <p className="quiet-text part-waits" role="status">
      Loading …
    </p>
  );
  return ready ? (
    <Suspense fallback={loading}>
      <View />
    </Suspense>
  ) : (
    <OtherDictionary layer={layer} />
  );
}

/** While the dictionary on the layer's heads is being opened, or where there is none. */
function OtherDictionary({ layer }: { layer: number }) {
  const listed = usePage((state) => dictionaryOnHeads(state, layer));
  const failed = usePage((state) => state.problem !== undefined);
  const model = usePage((state) => state.opened?.model.id);
  const goTo = usePage((state) => state.goTo);
  const wantDictionary = useHeads((state) => state.wantDictionary);
  useEffect(() => {
    if (listed !== undefined) void wantDictionary(layer);
  }, [layer, listed, wantDictionary]);
  if (listed === undefined) {
    return (
      <section className="panel" aria-label="No dictionary">
        <p className="quiet-text">
          Features of heads need a dictionary on <code>blocks.{layer}.attn.hook_z</code>, and none is listed
          for this model.
        </p>
        <button type="button" onClick={() => goTo('models', { look: model })}>
          Choose a dictionary
        </button>
      </section>
    );
  }
  return (
    <section className="panel part-waits" aria-label="Dictionary">
      <p className="quiet-text" role="status">
        {failed
          ? 'The dictionary of this layer was not opened.'
          : 'Opening the dictionary of this layer’s heads …'}
      </p>
      {failed && (
        <button type="button" onClick={() => void wantDictionary(layer)}>
          Try again
        </button>
      )}
    </section>
  );
}

function Top({ layer, head, onOpen, onBack }: Pick<PageProps, 'layer' | 'head' | 'onOpen' | 'onBack'>) {
  const model = usePage((state) => state.opened?.model);
  const ablated = usePage((state) => state.view.ablated);
  const toggleAblated = useHeads((state) => state.toggleAblated);
  const off = ablated.some((at) => at.layer === layer && at.head === head);
  const last = (model?.nHeads ?? 1) - 1;
  return (
    <header className="head-top">
      <button type="button" className="quiet" onClick={onBack}>
        ← All heads
      </button>
      <h2 id="head-title" tabIndex={-1}>
        {head === null ? `Layer ${layer}, the average of its heads` : `Head ${headName(layer, head)}`}
      </h2>
      <span className="grow" />
      <span className="row head-steps">
        <button
          type="button"
          aria-label="The head before"
          disabled={head === null || head === 0}
          onClick={() => onOpen(layer, head! - 1)}
        >
          ‹
        </button>
        <button
          type="button"
          aria-label="The next head"
          disabled={head === last}
          onClick={() => onOpen(layer, head === null ? 0 : head + 1)}
        >
          ›
        </button>
        {head !== null && (
          <button
            type="button"
            className={off ? '' : 'primary'}
            aria-pressed={off}
            onClick={() => toggleAblated({ layer, head })}
          >
            {off ? 'Put this head back' : 'Ablate this head'}
          </button>
        )}
        {head !== null && (
          <button type="button" onClick={() => steerWithout({ kind: 'head', layer, head })}>
            Ablate in steering
          </button>
        )}
      </span>
    </header>
  );
}
