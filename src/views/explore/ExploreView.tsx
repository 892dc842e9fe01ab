import { useState } from 'react';
import type { Analysis } from '../../engine/protocol.ts';
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
import { PromptBox } from './PromptBox.tsx';
import { TokenStrip } from './TokenStrip.tsx';

export default function ExploreView() {
  const analysis = usePage((state) => state.analysis);
  return (
    <div className="explore">
      <h1 className="visually-hidden">Explore a text</h1>
      <HonestyStrip />
      {analysis ? (
        <Analysed analysis={analysis} />
      ) : (
        <div className="explore-text">
          <PromptBox />
          <p role="status">Reading the text …</p>
        </div>
      )}
      <Profile />
    </div>
  );
}

function Analysed({ analysis }: { analysis: Analysis }) {
  const choice = useChoice(analysis);
  const feature = usePage((state) => state.view.feature);
  // The feature under the pointer or the focus: the tokens show it for as long.
  const [peek, setPeek] = useState<number | null>(null);
  const tinting = useTinting(analysis, peek);
  return (
    <div className="explore-columns">
      <div className="explore-main">
        <div className="explore-text">
          <PromptBox />
          <TokenStrip analysis={analysis} choice={choice} tinting={tinting} />
          <Pins analysis={analysis} choice={choice} />
        </div>
        <div className="explore-feature">
          {feature === null ? (
            <NoFeature />
          ) : (
            <FeaturePanel analysis={analysis} choice={choice} feature={feature} />
          )}
        </div>
      </div>
      <div className="explore-side">
        <div className="explore-list">
          <FeatureList analysis={analysis} choice={choice} onPeek={setPeek} />
        </div>
        <div className="explore-predictions">
          <LossChart analysis={analysis} choice={choice} />
          <NextTokens analysis={analysis} choice={choice} />
        </div>
      </div>
    </div>
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
