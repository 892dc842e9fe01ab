import { useEffect, useRef } from 'react';
import { isAblation } from '../../state/head-measures.ts';
import { useHeads } from '../../state/heads.ts';
import { usePage } from '../../state/store.ts';
import { useChoice } from '../shared/choice.ts';
import { PromptBox } from '../shared/PromptBox.tsx';
import { Ablation } from './Ablation.tsx';
import { useAsking, useMeasure, useMeasures, useOldText } from './derived.ts';
import { HeadGrid } from './HeadGrid.tsx';
import { HeadPage } from './HeadPage.tsx';
import './heads.css';
import { Ranking } from './Ranking.tsx';
import { Scatter } from './Scatter.tsx';

/** The text, all heads, and either how they compare or the page of one. */
export default function HeadsView() {
  const model = usePage((state) => state.opened?.model);
  const analysis = usePage((state) => state.analysis);
  const { layer, head } = usePage((state) => state.view);
  const openHead = useHeads((state) => state.openHead);
  const measures = useMeasures();
  const measure = useMeasure(measures);
  const choice = useChoice(analysis);
  const old = useOldText();
  const root = useRef<HTMLDivElement>(null);
  /** Where the focus goes once the step just taken is drawn. */
  const arrival = useRef('');
  useMeasuring();

  useEffect(() => {
    const target = arrival.current && root.current?.querySelector<HTMLElement>(arrival.current);
    arrival.current = '';
    if (target) target.focus();
  });

  if (!model) return null;
  // A link may name a head this model does not have.
  const exists = layer !== null && layer < model.nLayers && (head === null || head < model.nHeads);
  const onOpen = (toLayer: number, toHead: number | null): void => {
    arrival.current = '#head-title';
    openHead(toLayer, toHead);
  };
  const onBack = (): void => {
    arrival.current = `[data-layer="${layer}"][data-head="${head ?? -1}"]`;
    openHead(null, null);
  };
  return (
    <div ref={root} className={`heads${exists ? ' has-page' : ''}${old ? ' of-old-text' : ''}`}>
      <h1 className="visually-hidden">Attention heads</h1>
      <div className="heads-side">
        <PromptBox />
        <HeadGrid measures={measures} measure={measure} onOpen={onOpen} />
      </div>
      <div className="heads-main">
        {layer !== null && !exists && (
          <p className="note" role="status">
            This model has no head {layer}.{head ?? 0}: it has {model.nLayers} layers of {model.nHeads} heads.
          </p>
        )}
        {exists ? (
          <HeadPage
            layer={layer}
            head={head}
            analysis={analysis}
            choice={choice}
            measures={measures}
            onOpen={onOpen}
            onBack={onBack}
          />
        ) : (
          <>
            <Ranking measures={measures} measure={measure} nHeads={model.nHeads} onOpen={onOpen} />
            <Scatter measures={measures} measure={measure} nHeads={model.nHeads} />
            {analysis && choice && <Ablation analysis={analysis} choice={choice} />}
          </>
        )}
      </div>
    </div>
  );
}

/** Scores are taken when the view is opened; ablating every head, which takes longer, when its numbers are chosen. */
function useMeasuring(): void {
  const ablating = usePage((state) => isAblation(state.view.score));
  const wantScores = useHeads((state) => state.wantScores);
  const wantEffects = useHeads((state) => state.wantEffects);
  useAsking(wantScores);
  useAsking(ablating ? wantEffects : undefined);
}
