import { useFeaturePage } from '../../state/feature-page.ts';
import type { FeatureAbout } from '../../engine/protocol.ts';
import { usePage } from '../../state/store.ts';
import { BarRows } from '../shared/BarRows.tsx';
import { barsDrawing, type DrawnBar } from '../shared/bars-drawing.ts';
import { mark } from '../shared/colour.ts';
import type { TableData } from '../shared/download.ts';
import { formatActivation, formatCount, formatFixed, formatPercent } from '../shared/format.ts';
import { Panel } from '../shared/Panel.tsx';
import { FoundPart } from './FeaturePageFound.tsx';

const SHOWN = 8;
/** What is told worse than this is in the table only. */
const LEAST_F1 = 0.1;

/** Where the feature fires, in words: Storyworld's labels and the texts' metadata. */
export function FeaturePageAbout() {
  const about = useFeaturePage((state) => state.about);
  return (
    <Panel
      title="What it is about"
      about={
        <>
          <p>
            Labels (Storyworld only): the feature says a label where its value is above a threshold.
            Precision: of the tokens where it says so, the share that carries the label. Recall: of those that
            carry it, the share where it says so. F1 = 2 · precision · recall ÷ (precision + recall), at the
            threshold best for each label, chosen on these same tokens; the Labels tab measures on fresh ones.
          </p>
          <p>
            Metadata: values of the texts that are more frequent among the tokens it fires on than among all
            of them, where that cannot be chance (95 %, a text counted as one observation). Lift: how many
            times more frequent.
          </p>
          <p>Over the scan’s uniform sample of tokens.</p>
        </>
      }
      table={() => tableOf(about.value)}
      drawing={() => barsDrawing(drawnBars(about.value))}
    >
      <FoundPart found={about} waiting="Looking up what the texts say …">
        {(value) => <About value={value} />}
      </FoundPart>
    </Panel>
  );
}

function About({ value: { labels, metadata, firing, tokens, texts } }: { value: FeatureAbout }) {
  const told = labels.filter(({ f1 }) => f1 >= LEAST_F1);
  const read = usePage((state) => state.statistics?.items);
  const storyworld = usePage((state) => state.view.over === '' || state.view.over.startsWith('storyworld'));
  return (
    <>
      <p className="small">
        It fires on {formatCount(firing)} of {formatCount(tokens)} sampled tokens, of {formatCount(texts)}{' '}
        texts{read !== undefined && read > texts && `, spread evenly over the ${formatCount(read)} read`}.
      </p>
      {told.length > 0 ? (
        <>
          <h3>Labels, by F1</h3>
          <BarRows
            label="Labels it tells, by F1"
            max={1}
            rows={told.slice(0, SHOWN).map(({ label, f1, precision, recall, threshold }) => ({
              key: label,
              label,
              value: f1,
              shown: formatFixed(f1, 2),
              note: `precision ${formatPercent(precision)} · recall ${formatPercent(recall)} · above ${formatActivation(threshold)}`,
              colour: mark.neutral,
            }))}
          />
        </>
      ) : (
        storyworld && (
          <p className="quiet-text">
            It tells no label
            {labels[0] && `: the best, ${labels[0].label}, with an F1 of ${formatFixed(labels[0].f1)}`}.
          </p>
        )
      )}
      {metadata.length > 0 && (
        <>
          <h3>Over-represented texts, by share of its firings</h3>
          <BarRows
            label="Metadata over-represented among its firings"
            max={1}
            rows={metadata.slice(0, SHOWN).map(({ field, value, share, rate, lift }) => ({
              key: `${field}=${value}`,
              label: `${field}: ${value}`,
              value: share,
              shown: formatPercent(share),
              note: `${formatPercent(rate)} of all tokens · lift ${formatFixed(lift, 1)}`,
              colour: mark.neutral,
            }))}
          />
        </>
      )}
      {metadata.length === 0 && <p className="quiet-text">No kind of text stands out.</p>}
    </>
  );
}

function tableOf(about: FeatureAbout | undefined): TableData {
  const columns = ['what', 'value', 'threshold', 'precision', 'recall', 'F1', 'share', 'rate', 'lift'];
  if (!about) return { columns, rows: [] };
  return {
    columns,
    rows: [
      ...about.labels.map(({ label, threshold, precision, recall, f1 }) => [
        'label', label, threshold, precision, recall, f1, null, null, null,
      ]), // oxfmt-ignore
      ...about.metadata.map(({ field, value, share, rate, lift }) => [
        field, value, null, null, null, null, share, rate, lift,
      ]), // oxfmt-ignore
    ],
  };
}

const drawnBars = (about: FeatureAbout | undefined): DrawnBar[] =>
  (about?.labels ?? []).slice(0, SHOWN).map(({ label, f1 }) => ({
    label,
    value: f1,
    shown: formatFixed(f1, 2),
    colour: mark.neutral,
  }));
