import { lazy, Suspense, useEffect, useRef } from 'react';
import { layerOfHeads } from '../../state/attribution-question.ts';
import { featurePage, scanFigures } from '../../state/feature-page.ts';
import { steerFeatures } from '../../state/recipe-edits.ts';
import { usePage } from '../../state/store.ts';
import { Effects, Neighbours } from '../explore/FeaturePanel.tsx';
import { stepByKey } from '../shared/keys.ts';
import { LabelText } from '../shared/LabelText.tsx';
import { OwnLabel } from '../shared/OwnLabel.tsx';
import './feature-page.css';
import { FeatureExport } from './FeatureExport.tsx';
import { FeatureNotes } from './FeatureNotes.tsx';
import { FeaturePageAbout } from './FeaturePageAbout.tsx';
import { FeaturePageConfig } from './FeaturePageConfig.tsx';
import { FeaturePageExamples } from './FeaturePageExamples.tsx';
import { FeaturePageFigures } from './FeaturePageFigures.tsx';
import { FeaturePageHeads } from './FeaturePageHeads.tsx';
import { FeaturePagePartners } from './FeaturePagePartners.tsx';
import { FeaturePageSource } from './FeaturePageSource.tsx';
import { FeaturePageTest } from './FeaturePageTest.tsx';

// Few pages are looked at for where a value comes from.
const FeaturePageTrace = lazy(() => import('./FeaturePageTrace.tsx'));

/** Set while one page makes way for the next, so that the keyboard stays where it was. */
let stepping = false;

/** Everything about one feature: what it is, what it resembles and writes, and the texts it fires on. */
export function FeaturePage() {
  useEffect(() => featurePage.follow(), []);
  const feature = usePage((state) => state.view.feature)!;
  const dictionary = usePage((state) => state.opened?.dictionary);
  const card = usePage((state) => state.card);
  const openFeature = usePage((state) => state.openFeature);
  if (!dictionary) return null;
  const last = dictionary.dSae - 1;
  if (feature > last) return <Missing feature={feature} last={last} />;
  const step = (to: number): void => {
    if (to < 0 || to > last) return;
    stepping = true;
    openFeature(to);
  };
  return (
    // Keys that no control on the page takes for itself.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <article
      className="feature-page"
      aria-labelledby="feature-page-title"
      onKeyDown={(event) => {
        if (event.defaultPrevented || isTyping(event.target)) return;
        stepByKey(event, {
          '[': () => step(feature - 1),
          ']': () => step(feature + 1),
          Escape: () => openFeature(null),
        });
      }}
    >
      <Top feature={feature} last={last} onStep={step} />
      <div className="feature-page-columns">
        <div className="feature-page-side">
          <FeatureNotes />
          <FeaturePageAbout />
          {card?.index === feature ? (
            <>
              <Neighbours card={card} />
              <FeaturePagePartners />
              {layerOfHeads(dictionary.hook) !== undefined && <FeaturePageHeads />}
              <FeaturePageConfig card={card} />
            </>
          ) : (
            <p role="status">Reading what the feature writes …</p>
          )}
        </div>
        <div className="feature-page-main">
          <FeaturePageSource />
          {card?.index === feature && (
            <>
              <Effects card={card} />
              <FeaturePageFigures card={card} />
            </>
          )}
          <FeaturePageTest />
          <Suspense fallback={null}>
            <FeaturePageTrace />
          </Suspense>
          <FeaturePageExamples />
        </div>
      </div>
    </article>
  );
}

const isTyping = (target: EventTarget): boolean =>
  target instanceof Element && target.closest('input, textarea, select, [role="menu"]') !== null;

interface TopProps {
  feature: number;
  last: number;
  onStep: (to: number) => void;
}

function Top({ feature, last, onStep }: TopProps) {
  const hook = usePage((state) => state.opened?.dictionary?.hook);
  const label = usePage((state) => state.labels[feature]);
  const topToken = usePage((state) => scanFigures(state)?.topTokens[feature]);
  const pinned = usePage((state) => state.view.pins.includes(feature));
  const togglePin = usePage((state) => state.togglePin);
  const openFeature = usePage((state) => state.openFeature);
  const goTo = usePage((state) => state.goTo);
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (stepping) title.current?.focus();
    stepping = false;
  }, []);
  return (
    <header className="feature-page-top">
      <button type="button" className="quiet" onClick={() => openFeature(null)}>
        ← All features
      </button>
      <h1 id="feature-page-title" ref={title} tabIndex={-1}>
        Feature {feature}
      </h1>
      <p className="small feature-page-label">
        {hook} · <OwnLabel feature={feature} />
        <LabelText label={label} topToken={topToken} />
      </p>
      <span className="grow" />
      <span className="row">
        <button
          type="button"
          aria-label="The feature before"
          aria-keyshortcuts="["
          title="Key: ["
          disabled={feature === 0}
          onClick={() => onStep(feature - 1)}
        >
          ‹
        </button>
        <button
          type="button"
          aria-label="The next feature"
          aria-keyshortcuts="]"
          title="Key: ]"
          disabled={feature === last}
          onClick={() => onStep(feature + 1)}
        >
          ›
        </button>
        <button type="button" aria-pressed={pinned} onClick={() => togglePin(feature)}>
          {pinned ? '★ Pinned' : '☆ Pin'}
        </button>
        <button type="button" onClick={() => steerFeatures([feature])}>
          Steer
        </button>
        <button type="button" onClick={() => goTo('explore')}>
          In Explore
        </button>
        <FeatureExport />
      </span>
    </header>
  );
}

function Missing({ feature, last }: { feature: number; last: number }) {
  const openFeature = usePage((state) => state.openFeature);
  return (
    <section className="panel" aria-label="No such feature">
      <p>
        This dictionary has no feature {feature}: its features are 0 to {last}.
      </p>
      <button type="button" onClick={() => openFeature(null)}>
        All features
      </button>
    </section>
  );
}
