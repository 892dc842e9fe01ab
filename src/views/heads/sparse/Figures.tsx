import { useEffect } from 'react';
import type { FeatureLabel } from '../../../engine/protocol.ts';
import type { SparseResult } from '../../../state/sparse.ts';
import { usePage } from '../../../state/store.ts';
import { BarRows } from '../../shared/BarRows.tsx';
import { barsDrawing } from '../../shared/bars-drawing.ts';
import { mark } from '../../shared/colour.ts';
import { Facts, type Fact } from '../../shared/Facts.tsx';
import {
  formatActivation,
  formatCount,
  formatFixed,
  formatPercent,
  formatSigned,
} from '../../shared/format.ts';
import { Panel } from '../../shared/Panel.tsx';
import { visibleText } from '../../shared/visible-text.ts';
import { lossesOf } from './derived.ts';
import { changesTable, figuresTable } from './tables.ts';

/** What the text as a whole loses. */
export function Figures({ result: { sparse } }: { result: SparseResult }) {
  const { rise, kl, recall, blindRows } = lossesOf(sparse);
  const facts: Fact[] = [
    {
      name: 'Loss',
      value: `${formatFixed(sparse.ceDense, 3)} → ${formatFixed(sparse.ceSparse, 3)}`,
      unit: 'nats a token',
      about:
        'Mean −ln p(token | tokens before it) of this text, with dense attention and under the patterns.',
    },
    {
      name: 'Rise of the loss',
      value: formatSigned(rise, 3),
      unit: 'nats a token',
      about:
        'The second minus the first. Below 0 the model predicts this text better with less to look at, which happens on short texts.',
    },
    {
      name: 'Mean KL',
      value: formatFixed(kl, 4),
      unit: 'nats a token',
      about:
        'KL(dense ‖ sparse) of the next-token distribution after every token but the first, averaged: how far the predictions move, whichever token comes.',
    },
    {
      name: 'Blocks visited',
      value: formatPercent(sparse.visited),
      about:
        'Of the blocks at or before the diagonal, over all heads of all layers, the share the kernel visits. Heads without an entry visit all.',
    },
    {
      name: 'Recall',
      value: formatPercent(recall),
      unit: 'of the attention',
      about:
        'Share of the dense model’s attention that lies inside the mask: the mean over tokens, then over the heads of the table below.',
    },
    {
      name: 'Blind rows',
      value: formatCount(blindRows),
      about:
        'Tokens, summed over heads, whose pattern leaves them nothing to look at; their head writes zeros there.',
    },
    ...featureFacts(sparse.features),
  ];
  return (
    <Panel
      title="What is lost"
      about="This text, run once with dense attention and once under the patterns, with the same weights. Nothing is retrained: this asks what the trained model loses, not what a model trained like this could do."
      table={() => figuresTable(sparse)}
      images={false}
    >
      <Facts facts={facts} />
    </Panel>
  );
}

function featureFacts(features: SparseResult['sparse']['features']): Fact[] {
  if (!features) return [];
  return [
    {
      name: 'Features in both',
      value: formatPercent(features.jaccard),
      about:
        'Jaccard: mean over tokens of the number of features of the current dictionary that are active in both runs, divided by those active in either. The first row is left out.',
    },
    {
      name: 'Feature change',
      value: formatPercent(features.change),
      about:
        'Mean over tokens of Σ|f − f′| / Σf: how much the activations move, relative to their sum as is.',
    },
  ];
}

const LISTED = 12;

const promoted = (label: FeatureLabel | undefined): string | undefined =>
  label && `→ ${label.promoted.slice(0, 2).map(visibleText).join(' ')}`;

/** Which features of the current dictionary change most. */
export function ChangedFeatures({ result: { sparse, analysis } }: { result: SparseResult }) {
  const openFeature = usePage((state) => state.openFeature);
  const labels = usePage((state) => state.labels);
  const hook = usePage(
    (state) => state.opened?.dictionaries.find(({ id }) => id === analysis.dictionary)?.hook,
  );
  const wantLabels = usePage((state) => state.wantLabels);
  const most = sparse.features?.most.slice(0, LISTED) ?? [];
  const named = most.map(({ index }) => index).join(',');
  useEffect(() => {
    if (named !== '') void wantLabels(named.split(',').map(Number));
  }, [named, wantLabels]);
  if (!sparse.features) return null;
  const by = ({ dense, sparse: under }: (typeof most)[number]): number => under - dense;
  const largest = Math.max(1e-12, ...most.map((one) => Math.abs(by(one))));
  const colour = (change: number): string => (change < 0 ? mark.negative : mark.positive);
  return (
    <Panel
      title="Features that change most"
      about={`Features of the current dictionary${hook ? ` (${hook})` : ''} by the sum over tokens of |f − f′|; the bar is the change of the feature’s total activation on this text, orange where it falls. The first row is left out.`}
      table={() => changesTable(sparse)}
      drawing={() =>
        barsDrawing(
          most.map((one) => ({
            label: `#${one.index}`,
            value: by(one),
            shown: formatSigned(by(one)),
            colour: colour(by(one)),
          })),
        )
      }
    >
      {most.length === 0 ? (
        <p className="quiet-text">No feature changes.</p>
      ) : (
        <BarRows
          label="Features by change"
          max={largest}
          rows={most.map((one) => ({
            key: one.index,
            label: (
              <button
                type="button"
                className="link"
                aria-label={`Open feature ${one.index}`}
                onClick={() => openFeature(one.index)}
              >
                #{one.index}
              </button>
            ),
            value: Math.abs(by(one)),
            shown: `${formatActivation(one.dense)} → ${formatActivation(one.sparse)}`,
            colour: colour(by(one)),
            note: promoted(labels[one.index]),
          }))}
        />
      )}
    </Panel>
  );
}
