import type { ScanExample, ScanExamples, ScanStatistics } from '../../engine/protocol.ts';
import { isCatalogued } from '../../state/opening.ts';
import { useScans } from '../../state/scans.ts';
import { usePage } from '../../state/store.ts';
import { activationRatio, activationTint } from '../shared/colour.ts';
import { formatActivation, formatCount, formatOneIn, formatPercent } from '../shared/format.ts';
import { Panel } from '../shared/Panel.tsx';
import { Trouble } from '../shared/Trouble.tsx';
import { visibleText } from '../shared/visible-text.ts';
import { AFTER_STOP, Working } from '../shared/Working.tsx';
import { Histogram } from './Histogram.tsx';
import { histogramTable } from './tables.ts';

/** How a feature behaves on many texts: the short form of its page. */
export function FeatureSample({ feature, hereMax }: { feature: number; hereMax: number }) {
  const statistics = usePage((state) => state.statistics);
  const examples = usePage((state) => state.examples);
  const over = usePage((state) => state.view.over);
  const foreign = usePage(({ opened }) => opened !== undefined && !isCatalogued(opened.model.id));
  const goTo = usePage((state) => state.goTo);
  return (
    <Panel
      title="Over many texts"
      about={
        <>
          <p>
            Storyworld, where nothing else was chosen under Prompts, is the synthetic language the bundled
            model was trained on; its texts are generated and read in this page, from a fixed seed. Firing
            rate: share of tokens on which the feature is above zero, the first row of each text left out.
            Histogram: those values, in bins of equal width on a log scale.
          </p>
          <p>Examples: the texts with the largest values, one place a text.</p>
        </>
      }
      table={() => histogramTable(feature, statistics)}
    >
      {foreign && !over.startsWith('own') && (
        <p className="small note">
          This model was not trained on Storyworld: rates on the text it was made for will differ.
        </p>
      )}
      {statistics && <Rate feature={feature} statistics={statistics} hereMax={hereMax} />}
      <Reading />
      {examples?.feature === feature && <Examples examples={examples} max={statistics?.max[feature] ?? 0} />}
      {statistics && (
        <p>
          <button type="button" className="link" onClick={() => goTo('features')}>
            More examples, and everything else about it
          </button>
        </p>
      )}
    </Panel>
  );
}

function Rate({
  feature,
  statistics,
  hereMax,
}: {
  feature: number;
  statistics: ScanStatistics;
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
          <dt>Read</dt>
          <dd>
            {statistics.corpus.name}: {formatCount(statistics.items)} of{' '}
            {formatCount(statistics.corpus.items)} texts, {formatCount(statistics.tokens)} tokens
          </dd>
        </div>
      </dl>
      {count > 0 && <Histogram feature={feature} statistics={statistics} here={hereMax} />}
    </>
  );
}

const MOST_ITEMS = 20_000;

/** Progress of reading, or how to read on, or more. */
export function Reading() {
  const sampling = usePage((state) => state.sampling);
  const statistics = usePage((state) => state.statistics);
  const { corpus, missing, failure, run, pause, showOver } = useScans();
  if (sampling) return <Working label="Reading texts" progress={sampling} onStop={pause} />;
  if (missing) return <p className="quiet-text">The texts this view is over are not on this device.</p>;
  const trouble = <Trouble error={failure} />;
  if (!corpus) return trouble;
  if (!statistics || statistics.items < statistics.corpus.items)
    return (
      <>
        {trouble}
        <p className="row">
          <button type="button" {...AFTER_STOP} onClick={() => void run()}>
            {statistics ? 'Read on' : 'Read these texts'}
          </button>
        </p>
      </>
    );
  if (corpus.kind !== 'storyworld' || corpus.items >= MOST_ITEMS) return trouble;
  const items = Math.min(MOST_ITEMS, corpus.items * 4);
  const readMore = async (): Promise<void> => {
    await showOver(`storyworld-${corpus.seed}-${items}`);
    await run();
  };
  return (
    <>
      {trouble}
      <p className="row">
        <button type="button" onClick={() => void readMore()}>
          Read more: {formatCount(items)} texts
        </button>
      </p>
    </>
  );
}

const CONTEXT = 14;

/** The strongest token of each text with what stands around it; what was read with it on request. */
function Examples({ examples, max }: { examples: ScanExamples; max: number }) {
  const setText = usePage((state) => state.setText);
  const top = examples.groups.find(({ kind }) => kind === 'top')?.examples ?? [];
  if (top.length === 0) return <p className="quiet-text">It fires nowhere in these texts.</p>;
  return (
    <ol className="examples" aria-label="Texts with the largest values">
      {top.map((example) => {
        const { item, at, tokens } = example;
        const from = Math.max(0, at - CONTEXT);
        const to = Math.min(tokens.length, at + CONTEXT + 1);
        return (
          <li key={item}>
            <span className="small example-head">
              {[formatActivation(example.value), ...example.metadata.slice(0, 1), `text ${item}`].join(' · ')}{' '}
              <button type="button" className="link" onClick={() => setText(example.text)}>
                read it above
              </button>
            </span>
            <ExampleText example={example} from={from} to={to} max={max} />
            {(from > 0 || to < tokens.length) && (
              <details>
                <summary className="small">whole text</summary>
                <ExampleText example={example} from={0} to={tokens.length} max={max} />
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
  example: ScanExample;
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
