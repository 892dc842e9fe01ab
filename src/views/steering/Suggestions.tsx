import { useEffect, useMemo } from 'react';
import type { EffectInfo, SuggestedLatent } from '../../engine/protocol.ts';
import { suggestedStep, takeSuggestion, useSuggestions } from '../../state/suggestions.ts';
import { useSweep } from '../../state/steered-sweep.ts';
import { usePage } from '../../state/store.ts';
import type { TableData } from '../shared/download.ts';
import { formatCount, formatFixed, formatPercent } from '../shared/format.ts';
import { LabelText } from '../shared/LabelText.tsx';
import { Panel } from '../shared/Panel.tsx';
import { type SortedColumn, SortedRows } from '../shared/SortedRows.tsx';
import { Trouble } from '../shared/Trouble.tsx';

/** Features whose effect on texts was measured beforehand, where somebody did. */
export function Suggestions() {
  const { found, failure, follow, again } = useSuggestions();
  useEffect(() => follow(), [follow]);
  if (failure) {
    return (
      <section className="panel" aria-label="Try these, measured">
        <Trouble error={failure} />
        <button type="button" onClick={() => void again()}>
          Try again
        </button>
      </section>
    );
  }
  if (!found || found.latents.length === 0) return null;
  const { method, model, modelDigest, latents } = found;
  return (
    <Panel
      title="Try these, measured"
      about={
        <>
          <p>
            {method} Measured with {model} ({modelDigest.slice(0, 8)}).
          </p>
          <p>
            <em>Rate</em>: share of generated tokens with the property, with the step over without; ≥: the
            lower end of its 95 % interval. <em>Fluency loss</em>: loss of the steered texts under the model
            without steering, over that of its own texts, minus 1. <em>Selectivity</em>: |change| of this
            property’s rate over the sum of |changes| of all. <em>F1</em>: of the feature’s firing, on a token
            or the one before it, against the property.
          </p>
        </>
      }
      table={() => suggestionsTable(latents)}
      images={false}
    >
      <p className="small">
        A click adds the feature to the recipe as it was measured: at its strength, on every token. “Measure”
        sweeps it here and now.
      </p>
      <Rows latents={latents} />
    </Panel>
  );
}

function Rows({ latents }: { latents: readonly SuggestedLatent[] }) {
  const effects = useSweep((state) => state.effects);
  const loadEffects = useSweep((state) => state.loadEffects);
  const current = usePage((state) => state.opened?.dictionary?.digest);
  const wantLabels = usePage((state) => state.wantLabels);
  const steer = usePage((state) => state.view.steer);
  useEffect(() => void loadEffects(), [loadEffects]);
  useEffect(() => {
    // Only those of the dictionary that is open can be told.
    const own = latents.filter(({ dictionaryDigest }) => dictionaryDigest === current);
    if (own.length > 0) void wantLabels(own.map(({ feature }) => feature));
  }, [latents, current, wantLabels]);
  const columns = useMemo(() => columnsOf(effects ?? []), [effects]);
  return (
    <SortedRows
      label="suggested features"
      columns={columns}
      rows={latents}
      keyOf={({ dictionary, feature, effect }) => `${dictionary} ${feature} ${effect}`}
      by="ratio"
      isChosen={({ dictionary, feature }) =>
        steer.some(
          (step) => step.kind === 'add' && step.dictionary === dictionary && step.feature === feature,
        )
      }
    />
  );
}

function columnsOf(effects: readonly EffectInfo[]): SortedColumn<SuggestedLatent>[] {
  const titleOf = ({ effect }: SuggestedLatent): string =>
    effects.find(({ id }) => id === effect)?.title ?? effect;
  return [
    {
      id: 'feature',
      title: 'Feature',
      width: 'minmax(4.5rem, 1fr)',
      value: ({ feature }) => feature,
      rising: true,
      show: (latent) => <Latent latent={latent} />,
    },
    {
      id: 'effect',
      title: 'Property',
      width: 'minmax(8rem, 1.5fr)',
      value: titleOf,
      rising: true,
      show: titleOf,
    },
    {
      id: 'ratio',
      title: 'Rate',
      width: '7.5rem',
      value: ratioOf,
      show: (latent) =>
        Number.isNaN(ratioOf(latent))
          ? '–'
          : `${formatFixed(ratioOf(latent), 1)} × (≥ ${formatFixed(latent.ratioLow, 1)})`,
    },
    {
      id: 'measure',
      title: 'Here',
      width: '5rem',
      value: ({ feature }) => feature,
      show: (latent) => <Measure latent={latent} />,
    },
    {
      id: 'rates',
      title: 'Without → with',
      width: 'minmax(9rem, 1fr)',
      value: ({ rate }) => rate,
      show: ({ baseRate, rate }) => `${formatPercent(baseRate)} → ${formatPercent(rate)}`,
    },
    {
      id: 'strength',
      title: 'Strength',
      value: ({ strength }) => strength,
      show: ({ strength }) => `${formatFixed(strength, 1)} × max`,
    },
    {
      id: 'fluency',
      title: 'Fluency loss',
      value: ({ fluencyLoss }) => fluencyLoss,
      rising: true,
      show: ({ fluencyLoss }) => formatPercent(fluencyLoss),
    },
    {
      id: 'selectivity',
      title: 'Selectivity',
      value: ({ selectivity }) => selectivity,
      show: ({ selectivity }) => formatFixed(selectivity),
    },
    {
      id: 'f1',
      title: 'F1',
      width: '4rem',
      value: ({ f1 }) => f1,
      show: ({ f1 }) => formatFixed(f1),
    },
    {
      id: 'label',
      title: 'Promotes',
      width: 'minmax(11rem, 1fr)',
      value: ({ dictionary }) => dictionary,
      rising: true,
      show: (latent) => <Label latent={latent} />,
    },
    {
      id: 'tokens',
      title: 'Tokens',
      value: ({ tokens }) => tokens,
      show: ({ tokens }) => formatCount(tokens),
    },
  ];
}

function Latent({ latent }: { latent: SuggestedLatent }) {
  const { dictionary, feature } = latent;
  return (
    <button
      type="button"
      className="link"
      title={dictionary}
      aria-label={`Steer with feature ${feature} of ${dictionary}`}
      onClick={() => takeSuggestion(latent)}
    >
      #{feature}
    </button>
  );
}

/** Known of the dictionary that is open; of others only which they are. */
function Label({ latent: { dictionary, dictionaryDigest, feature } }: { latent: SuggestedLatent }) {
  const open = usePage((state) => state.opened?.dictionary?.digest === dictionaryDigest);
  const label = usePage((state) => state.labels[feature]);
  return open ? <LabelText label={label} /> : <span className="small">{dictionary}</span>;
}

function Measure({ latent }: { latent: SuggestedLatent }) {
  return (
    <button
      type="button"
      className="quiet"
      aria-label={`Measure feature ${latent.feature} of ${latent.dictionary} here`}
      onClick={() => measureHere(latent)}
    >
      Measure
    </button>
  );
}

const ratioOf = ({ rate, baseRate }: SuggestedLatent): number => (baseRate > 0 ? rate / baseRate : NaN);

/** Sweeps a suggestion by itself, over strengths that hold the one it was measured at. */
function measureHere(latent: SuggestedLatent): void {
  const { configure, run } = useSweep.getState();
  usePage.getState().change({ effect: latent.effect });
  const most = 2 * Math.abs(latent.strength);
  configure({
    where: 'storyworld',
    ...(latent.strength > 0 ? { from: 0, to: most } : { from: -most, to: 0 }),
  });
  void run(suggestedStep(latent));
  document.querySelector('.sweep-panel')?.scrollIntoView({ block: 'start' });
}

function suggestionsTable(latents: readonly SuggestedLatent[]): TableData {
  return {
    columns: [
      'dictionary',
      'feature',
      'property',
      'strength',
      'unit',
      'rate without',
      'rate with',
      'ratio',
      'ratio, lower end of 95 %',
      'fluency loss',
      'selectivity',
      'tokens',
      'F1',
    ],
    rows: latents.map((latent) => [
      latent.dictionary,
      latent.feature,
      latent.effect,
      latent.strength,
      latent.unit,
      latent.baseRate,
      latent.rate,
      Number.isNaN(ratioOf(latent)) ? null : ratioOf(latent),
      latent.ratioLow,
      latent.fluencyLoss,
      latent.selectivity,
      latent.tokens,
      latent.f1,
    ]),
  };
}
