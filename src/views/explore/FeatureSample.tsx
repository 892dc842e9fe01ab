import type { Example, SampleStatistics } from '../../engine/protocol.ts';
import { firstSample } from '../../state/feature-work.ts';
import { isCatalogued } from '../../state/opening.ts';
import { usePage } from '../../state/store.ts';
import { activationRatio, activationTint } from '../shared/colour.ts';
import type { TableData } from '../shared/download.ts';
import { formatActivation, formatCount, formatOneIn, formatPercent } from '../shared/format.ts';
import { Panel } from '../shared/Panel.tsx';
import { visibleText } from '../shared/visible-text.ts';
import { Histogram } from './Histogram.tsx';

/** How a feature behaves on Storyworld text that is made and read in the page. */
export function FeatureSample({ feature, hereMax }: { feature: number; hereMax: number }) {
  const statistics = usePage((state) => state.statistics);
  const examples = usePage((state) => state.examples);
  const foreign = usePage(({ opened }) => opened !== undefined && !isCatalogued(opened.model.id));
  return (
    <Panel
      title="On a Storyworld sample"
      about={
        <>
          <p>
            Storyworld is the synthetic language the bundled model was trained on; the sample is generated and
            read in this page, from a fixed seed. Firing rate: share of its tokens on which the feature is
            above zero, the beginning of each text left out. Histogram: those values, in bins of equal width
            on a log scale.
          </p>
          <p>Examples: the texts with the largest values, one per text.</p>
        </>
      }
      table={() => sampleTable(feature, statistics)}
    >
      {foreign && (
        <p className="small note">
          This model was not trained on Storyworld: rates on the text it was made for will differ.
        </p>
      )}
      {statistics && <Rate feature={feature} statistics={statistics} hereMax={hereMax} />}
      <Sampling />
      {examples && <Examples examples={examples} max={statistics?.max[feature] ?? 0} />}
    </Panel>
  );
}

function sampleTable(feature: number, statistics: SampleStatistics | undefined): TableData {
  const columns = ['from', 'to', 'tokens'];
  if (!statistics) return { columns, rows: [] };
  const { bins, edges, histogram } = statistics;
  return {
    columns,
    rows: Array.from({ length: bins }, (_, bin) => [
      edges[bin]!,
      edges[bin + 1]!,
      histogram[feature * bins + bin]!,
    ]),
  };
}

function Rate({
  feature,
  statistics,
  hereMax,
}: {
  feature: number;
  statistics: SampleStatistics;
  hereMax: number;
}) {
  const count = statistics.count[feature] ?? 0;
  const rate = count / statistics.tokens;
  return (
    <>
      <dl className="facts">
        <div>
          <dt>Fires on</dt>
          <dd data-figure="firing rate">
            {formatOneIn(rate)} ({formatPercent(rate)})
          </dd>
        </div>
        <div>
          <dt>Mean when firing</dt>
          <dd>{count > 0 ? formatActivation(statistics.sum[feature]! / count) : '–'}</dd>
        </div>
        <div>
          <dt>Largest</dt>
          <dd>{formatActivation(statistics.max[feature] ?? 0)}</dd>
        </div>
        <div>
          <dt>Sample</dt>
          <dd>
            {formatCount(statistics.items)} texts, {formatCount(statistics.tokens)} tokens, seed{' '}
            {statistics.seed}
          </dd>
        </div>
      </dl>
      {count > 0 && <Histogram feature={feature} statistics={statistics} here={hereMax} />}
    </>
  );
}

/** Progress of the sample, or a button for a larger one. */
function Sampling() {
  const sampling = usePage((state) => state.sampling);
  const statistics = usePage((state) => state.statistics);
  const sample = usePage((state) => state.sample);
  const cancel = usePage((state) => state.cancelSample);
  const first = usePage(firstSample);
  if (sampling) {
    return (
      <div className="row">
        <progress aria-label="Reading the sample" value={sampling.done} max={sampling.total} />
        <span className="small">
          {formatCount(sampling.done)} of {formatCount(sampling.total)} texts
        </span>
        <button type="button" onClick={cancel}>
          Stop
        </button>
      </div>
    );
  }
  const items = statistics ? Math.min(20_000, Math.max(first, statistics.items * 4)) : first;
  if (statistics && statistics.items >= items) return null;
  return (
    <button type="button" onClick={() => void sample(items)}>
      Read {statistics ? 'a larger sample: ' : ''}
      {formatCount(items)} texts
    </button>
  );
}

const CONTEXT = 14;

/** The strongest token of each text with what stands around it; the whole text on request. */
function Examples({ examples, max }: { examples: readonly Example[]; max: number }) {
  const setText = usePage((state) => state.setText);
  if (examples.length === 0) return <p className="quiet-text">It fires nowhere in the sample.</p>;
  return (
    <ol className="examples" aria-label="Texts with the largest values">
      {examples.map((example) => {
        const peak = example.values.reduce((best, value, t) => (value > example.values[best]! ? t : best), 0);
        const from = Math.max(0, peak - CONTEXT);
        const to = Math.min(example.tokens.length, peak + CONTEXT + 1);
        return (
          <li key={example.item}>
            <span className="small example-head">
              {formatActivation(example.values[peak]!)} · {example.register} · text {example.item}{' '}
              <button type="button" className="link" onClick={() => setText(example.text)}>
                read it above
              </button>
            </span>
            <ExampleText example={example} from={from} to={to} max={max} />
            {(from > 0 || to < example.tokens.length) && (
              <details>
                <summary className="small">whole text</summary>
                <ExampleText example={example} from={0} to={example.tokens.length} max={max} />
              </details>
            )}
          </li>
        );
      })}
    </ol>
  );
}

function ExampleText({
  example: { tokens, values },
  from,
  to,
  max,
}: {
  example: Example;
  from: number;
  to: number;
  max: number;
}) {
  return (
    <p className="example-text">
      {tokens.slice(from, to).map((text, i) => (
        <span
          // A token is its place.
          // oxlint-disable-next-line react/no-array-index-key
          key={from + i}
          title={values[from + i]! > 0 ? formatActivation(values[from + i]!) : undefined}
          style={{ backgroundColor: activationTint(activationRatio(values[from + i]!, max)) }}
        >
          {text.startsWith(' ') ? ' ' : ''}
          {visibleText(text.startsWith(' ') ? text.slice(1) : text)}
        </span>
      ))}
    </p>
  );
}
