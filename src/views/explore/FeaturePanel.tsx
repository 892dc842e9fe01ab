import { lazy, Suspense, useMemo } from 'react';
import type { Analysis, FeatureCard } from '../../engine/protocol.ts';
import { layerOfHeads } from '../../state/attribution-question.ts';
import { steerFeatures } from '../../state/recipe-edits.ts';
import { featureOverRows, positionOf } from '../../state/rows.ts';
import { usePage } from '../../state/store.ts';
import { BarRows } from '../shared/BarRows.tsx';
import { barsDrawing } from '../shared/bars-drawing.ts';
import { mark } from '../shared/colour.ts';
import { formatActivation, formatFixed, formatSigned } from '../shared/format.ts';
import { LabelText } from '../shared/LabelText.tsx';
import { OwnLabel } from '../shared/OwnLabel.tsx';
import { Panel } from '../shared/Panel.tsx';
import { TokenText } from '../shared/TokenText.tsx';
import { visibleText } from '../shared/visible-text.ts';
import type { Choice } from './derived.ts';
import { FeatureSample } from './FeatureSample.tsx';
import { Spark } from './Spark.tsx';
import { effectsTable, neighboursTable } from './tables.ts';

// Most dictionaries are not on heads.
const FeatureHeads = lazy(() => import('../heads/attribution/FeatureHeads.tsx'));

interface FeaturePanelProps {
  analysis: Analysis;
  choice: Choice;
  feature: number;
}

/** One feature: where it fires here, what it writes, what resembles it, and how it behaves on a sample. */
export function FeaturePanel({ analysis, choice, feature }: FeaturePanelProps) {
  const card = usePage((state) => state.card);
  const pinned = usePage((state) => state.view.pins.includes(feature));
  const openFeature = usePage((state) => state.openFeature);
  const togglePin = usePage((state) => state.togglePin);
  const goTo = usePage((state) => state.goTo);
  const hook = usePage((state) => state.opened?.dictionary?.hook);
  const label = usePage((state) => state.labels[feature]);
  const topToken = usePage((state) => state.statistics?.topTokens[feature]);
  return (
    <article className="feature" aria-label={`Feature ${feature}`}>
      <header className="feature-head">
        <div>
          <h2>Feature {feature}</h2>
          <p className="small">
            {hook} · <OwnLabel feature={feature} />
            <LabelText label={label} topToken={topToken} />
          </p>
        </div>
        <span className="grow" />
        <button type="button" aria-pressed={pinned} onClick={() => togglePin(feature)}>
          {pinned ? '★ Pinned' : '☆ Pin'}
        </button>
        <button type="button" onClick={() => steerFeatures([feature])}>
          Steer
        </button>
        <button type="button" onClick={() => goTo('features', { feature })}>
          Its page
        </button>
        <button
          type="button"
          onClick={() => {
            openFeature(null);
            focusAfterClosing(feature);
          }}
        >
          Close
        </button>
      </header>
      <InThisText analysis={analysis} choice={choice} feature={feature} />
      {layerOfHeads(hook) !== undefined && (
        <Suspense fallback={<p role="status">Opening what the heads bring …</p>}>
          <FeatureHeads />
        </Suspense>
      )}
      {card?.index === feature ? (
        <>
          <Effects card={card} />
          <FeatureSample feature={feature} hereMax={largestHere(analysis, feature)} />
          <Neighbours card={card} />
        </>
      ) : (
        <p role="status">Reading what the feature writes …</p>
      )}
    </article>
  );
}

/** Back to the feature in the list, or to the tokens when the list does not show it. */
function focusAfterClosing(feature: number): void {
  const listed = document.querySelector<HTMLElement>(`[data-feature="${feature}"]`);
  (listed ?? document.querySelector<HTMLElement>('.token[tabindex="0"]'))?.focus();
}

function largestHere(analysis: Analysis, feature: number): number {
  return featureOverRows(analysis.codes, feature).reduce(
    (most, value, row) => (row > 0 ? Math.max(most, value) : most),
    0,
  );
}

function InThisText({ analysis, choice, feature }: FeaturePanelProps) {
  const select = usePage((state) => state.select);
  const values = useMemo(() => featureOverRows(analysis.codes, feature), [analysis, feature]);
  const firing = Array.from(values, (value, row) => ({ value, row }))
    .filter(({ value }) => value > 0)
    .sort((a, b) => b.value - a.value || a.row - b.row);
  return (
    <Panel
      title="In this text"
      about="Activation of the feature on every token of the text, in order, in the dictionary’s own units. 0 where it is not among the k strongest of the token."
      table={() => ({
        columns: ['position', 'token', 'activation'],
        rows: analysis.tokens.map(({ text }, row) => [positionOf(analysis, row), text, values[row]!]),
      })}
      textColumns={[1]}
    >
      <Spark
        values={values}
        active={choice.active}
        height={44}
        label={`Feature ${feature} over the text`}
        onPick={(row) => select(row)}
      />
      {firing.length === 0 ? (
        <p className="quiet-text">It fires on no token of this text.</p>
      ) : (
        <ul className="chips" aria-label="Tokens it fires on, strongest first">
          {firing.slice(0, 12).map(({ value, row }) => (
            <li key={row}>
              <button type="button" className="chip" onClick={() => select(row)}>
                <TokenText text={analysis.tokens[row]!.text} /> {formatActivation(value)}
              </button>
            </li>
          ))}
          {firing.length > 12 && <li className="small">and {firing.length - 12} more</li>}
        </ul>
      )}
    </Panel>
  );
}

const SHOWN_EFFECTS = 10;

export function Effects({ card }: { card: FeatureCard }) {
  const promoted = card.promoted.slice(0, SHOWN_EFFECTS);
  const suppressed = card.suppressed.slice(0, SHOWN_EFFECTS);
  const most = Math.max(...[...promoted, ...suppressed].map(({ logit }) => Math.abs(logit)));
  const list = (effects: typeof promoted, sign: 1 | -1, label: string) => (
    <div>
      <h3>{label}</h3>
      <BarRows
        label={`${label} next tokens`}
        max={most}
        rows={effects.map(({ id, text, logit }) => ({
          key: id,
          label: <TokenText text={text} />,
          value: sign * logit,
          shown: formatSigned(logit, 3),
          colour: logit >= 0 ? mark.positive : mark.negative,
        }))}
      />
    </div>
  );
  return (
    <Panel
      title="Next tokens it promotes and suppresses"
      about={
        <>
          <p>
            Change of each token’s logit per unit of activation, by the direct path only: (W_dec row, centred,
            times the final norm’s gain) · unembedding, minus the mean over the vocabulary. The final norm’s
            scale is taken as 1 and later layers are not run, so only the order and the relative sizes tell.
          </p>
          <p>Norm of the decoder row: {formatFixed(card.decoderNorm, 3)}.</p>
        </>
      }
      table={() => effectsTable(card)}
      textColumns={[1]}
      drawing={() =>
        barsDrawing(
          [...promoted, ...suppressed].map(({ text, logit }) => ({
            label: visibleText(text),
            value: logit,
            shown: formatSigned(logit, 3),
            colour: logit >= 0 ? mark.positive : mark.negative,
          })),
        )
      }
    >
      <div className="two-columns">
        {list(promoted, 1, 'Promoted')}
        {list(suppressed, -1, 'Suppressed')}
      </div>
    </Panel>
  );
}

export function Neighbours({ card }: { card: FeatureCard }) {
  const openFeature = usePage((state) => state.openFeature);
  const labels = usePage((state) => state.labels);
  const topTokens = usePage((state) => state.statistics?.topTokens);
  const noteOf = (index: number): string =>
    [
      topTokens?.[index],
      labels[index] && `→ ${labels[index].promoted.slice(0, 2).map(visibleText).join(' ')}`,
    ]
      .filter(Boolean)
      .join(' ');
  return (
    <Panel
      title="Nearest features"
      about="Other features of this dictionary by the cosine between decoder rows: 1 writes the same direction, 0 an unrelated one."
      table={() => neighboursTable(card)}
      drawing={() =>
        barsDrawing(
          card.neighbours.map(({ index, cosine }) => ({
            label: `#${index}`,
            value: cosine,
            shown: formatFixed(cosine, 3),
            colour: mark.neutral,
          })),
        )
      }
    >
      <BarRows
        label="Nearest features by cosine"
        max={1}
        rows={card.neighbours.slice(0, 10).map(({ index, cosine }) => ({
          key: index,
          label: (
            <button type="button" className="link" onClick={() => openFeature(index)}>
              #{index}
            </button>
          ),
          note: noteOf(index),
          value: cosine,
          shown: formatFixed(cosine, 3),
          colour: mark.neutral,
        }))}
      />
    </Panel>
  );
}
