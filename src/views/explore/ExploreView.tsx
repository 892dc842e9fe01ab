import { useState } from 'react';
import { usePage } from '../../state/store.ts';
import { useChoice, useTinting } from './derived.ts';
import './explore.css';
import { FeatureList } from './FeatureList.tsx';
import { FeaturePanel } from './FeaturePanel.tsx';
import { HonestyStrip } from './HonestyStrip.tsx';
import { LossChart } from './LossChart.tsx';
import { NextTokens } from './NextTokens.tsx';
import { Pins } from './Pins.tsx';
import { Profile } from './Profile.tsx';
import { PromptBox } from '../shared/PromptBox.tsx';
import { TokenStrip } from './TokenStrip.tsx';

export default function ExploreView() {
  const analysis = usePage((state) => state.analysis);
  const feature = usePage((state) => state.view.feature);
  // The feature under the pointer or the focus: the tokens show it for as long.
  const [peek, setPeek] = useState<number | null>(null);
  const choice = useChoice(analysis);
  const tinting = useTinting(analysis, peek);
  const read = analysis && choice && tinting ? { analysis, choice, tinting } : undefined;
  const analysing = usePage((state) => state.analysing);
  const bare = analysis?.dictionary === '';
  // One tree with and without an analysis, so that the text box keeps its focus when one lands.
  return (
    <div className="explore">
      <h1 className="visually-hidden">Explore a text</h1>
      <HonestyStrip />
      <div className="explore-columns">
        <div className="explore-main">
          <div className="explore-text">
            <PromptBox />
            {read ? (
              <>
                <TokenStrip {...read} />
                <Pins {...read} />
              </>
            ) : (
              <p role="status">{analysing ? 'Reading the text …' : 'No text has been read.'}</p>
            )}
          </div>
          <div className="explore-feature">
            {read &&
              !bare &&
              (feature === null ? <NoFeature /> : <FeaturePanel {...read} feature={feature} />)}
          </div>
        </div>
        <div className="explore-side">
          <div className="explore-list">
            {read && (bare ? <NoDictionary /> : <FeatureList {...read} onPeek={setPeek} />)}
          </div>
          <div className="explore-predictions">
            {read && (
              <>
                <LossChart {...read} />
                <NextTokens {...read} />
              </>
            )}
          </div>
        </div>
      </div>
      <Profile />
    </div>
  );
}

function NoDictionary() {
  const model = usePage((state) => state.opened?.model.id);
  const goTo = usePage((state) => state.goTo);
  return (
    <section className="panel" aria-label="Features">
      <p className="quiet-text">
        The model was opened without a dictionary: its text, losses and predictions are here, its features
        need one.
      </p>
      <button type="button" onClick={() => goTo('models', { look: model })}>
        Choose a dictionary
      </button>
    </section>
  );
}

function NoFeature() {
  return (
    <section className="panel" aria-label="Feature">
      <p className="quiet-text">
        Choose a feature in the list, or press Enter on a token: here it shows where it fires, which next
        tokens it promotes, and which features resemble it.
      </p>
    </section>
  );
}
