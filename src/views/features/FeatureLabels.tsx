import { useId, useMemo } from 'react';
import {
  histogramOfF1,
  LABEL_ITEMS,
  type LabelSummary,
  LEAST_RATE,
  measurable,
  summarise,
  TOLD,
  useLabelTable,
} from '../../state/label-table.ts';
import { isCatalogued } from '../../state/opening.ts';
import { usePage } from '../../state/store.ts';
import { barsDrawing, type DrawnBar } from '../shared/bars-drawing.ts';
import { BarRows } from '../shared/BarRows.tsx';
import { mark } from '../shared/colour.ts';
import { formatCount, formatPercent } from '../shared/format.ts';
import { Panel } from '../shared/Panel.tsx';
import { Trouble } from '../shared/Trouble.tsx';
import { AFTER_STOP, Working } from '../shared/Working.tsx';
import { labelsJson, labelsTable } from './label-tables.ts';
import { LabelRows } from './LabelRows.tsx';

/** Which latents tell the labels of generated texts, measured here. */
export function FeatureLabels() {
  const tables = useLabelTable((state) => state.tables);
  const summary = useMemo(() => summarise(tables), [tables]);
  return (
    <div className="feature-labels">
      <Panel
        title="Labels and the latents that tell them"
        about={<Definition />}
        table={() => labelsTable(summary)}
        files={[
          {
            name: 'JSON, every dictionary',
            extension: 'json',
            type: 'application/json',
            content: () => labelsJson(summary),
          },
        ]}
        images={false}
      >
        {summary.rows.length === 0 && (
          <p className="quiet-text">
            Generated texts come with an answer key. Measured here: for each of its labels the latent that
            tells it best, and how well.
          </p>
        )}
        <Measuring />
        {summary.rows.length > 0 && (
          <>
            <Told summary={summary} />
            <LabelRows summary={summary} />
          </>
        )}
      </Panel>
      {summary.rows.length > 0 && <Spread summary={summary} />}
    </div>
  );
}

function Definition() {
  return (
    <>
      <p>
        Storyworld texts are generated with an answer key. A <em>label</em> is a pair of a name and a value; a
        token has the labels of the piece of text that holds its first character that is no space. What is
        read before a text does not count.
      </p>
      <p>
        A latent <em>says</em> a label where its value is above a threshold. Of all latents and all
        thresholds, those with the highest F1 on one sample are chosen; what is shown was measured on another.
        Of several dictionaries the one that was best where latents are chosen is shown. F1 = 2 · precision ·
        recall ÷ (precision + recall).
      </p>
      <p>
        Some labels describe a whole sentence, so that pieces carry them before anything has told them, such
        as the year at the end or the receiver: nothing that reads from left to right can tell those
        everywhere. A reader who knows the generator and lacks only what has not been said yet reaches an F1
        of 0.8 on half of the labels (167 of 334, on 4,000 texts; training/labels.py).
      </p>
    </>
  );
}

/** What to measure, on how much, and how far it is. */
function Measuring() {
  const id = useId();
  const opened = usePage((state) => state.opened);
  const { items, tables, running, waiting, problem, measure, stop, setItems } = useLabelTable();
  if (!opened) return null;
  const all = measurable(opened);
  const missing = all.filter(
    (one) => !Object.values(tables).some(({ table, complete }) => complete && table.dictionary === one),
  );
  const current = opened.dictionary?.id;
  return (
    <>
      {!isCatalogued(opened.model.id) && (
        <p className="small note">
          This model was not trained on Storyworld: few of its latents will be about these labels.
        </p>
      )}
      <Trouble error={problem} />
      {running ? (
        <Working
          label={`Measuring ${running.dictionary}${waiting.length > 0 ? `, ${waiting.length} to follow` : ''}`}
          progress={running.progress}
          onStop={stop}
        />
      ) : (
        <div className="row">
          <label htmlFor={`${id}-items`}>Items to choose on, and as many to measure on</label>
          <select id={`${id}-items`} value={items} onChange={(event) => setItems(Number(event.target.value))}>
            {LABEL_ITEMS.map((count) => (
              <option key={count} value={count}>
                {formatCount(count)}
              </option>
            ))}
          </select>
          {current !== undefined && (
            <button type="button" {...AFTER_STOP} onClick={() => measure([current])}>
              {missing.includes(current) ? 'Measure this dictionary' : 'Measure this dictionary again'}
            </button>
          )}
          {missing.length > 0 && all.length > 1 && (
            <button type="button" onClick={() => measure(missing)}>
              {missing.length === all.length
                ? `Measure all ${all.length} dictionaries of this model`
                : `Measure the other ${missing.length === 1 ? 'dictionary' : `${missing.length} dictionaries`}`}
            </button>
          )}
        </div>
      )}
    </>
  );
}

/** The sentence that says it all, and of what. */
function Told({ summary }: { summary: LabelSummary }) {
  const { rows, told, from } = summary;
  const { request, chooseTokens, measureTokens, measureItems } = from[0]!.table;
  const complete = from[0]!.complete;
  return (
    <>
      <p data-figure="labels told">
        <strong>
          {told} of {rows.length} labels
        </strong>{' '}
        that occur on more than {100 * LEAST_RATE} % of tokens have a latent with F1 ≥ {TOLD}, that is{' '}
        {formatPercent(told / rows.length)}
        {complete ? '.' : ', so far.'}
      </p>
      <p className="small" data-figure="labels sample">
        Storyworld: chosen on {formatCount(request.chooseItems)} items of seed {request.chooseSeed} (
        {formatCount(chooseTokens)} tokens), measured on {formatCount(measureItems)}
        {complete ? '' : ` of ${formatCount(request.measureItems)}`} items of seed {request.measureSeed} (
        {formatCount(measureTokens)} tokens).{' '}
        {from.length === 1
          ? `Latents of ${from[0]!.table.dictionary}.`
          : `The best latent of ${from.length} dictionaries: ${from
              .map(
                ({ table }) =>
                  `${table.dictionary} tells ${table.rows.filter(({ f1 }) => f1 >= TOLD).length}`,
              )
              .join(', ')}.`}
      </p>
    </>
  );
}

/** How many labels are told how well. */
function Spread({ summary }: { summary: LabelSummary }) {
  const counts = histogramOfF1(summary.rows);
  const bars: DrawnBar[] = counts.map((count, bin) => ({
    label: `${(bin / 10).toFixed(1)} – ${((bin + 1) / 10).toFixed(1)}`,
    value: count,
    shown: formatCount(count),
    colour: bin >= TOLD * 10 ? mark.positive : mark.attribution,
  }));
  return (
    <Panel
      title="F1 of all labels"
      about="How many labels have an F1 between two tenths, the lower one included. Each label is told by its best latent, on the sample it was not chosen on."
      table={() => ({
        columns: ['from', 'to', 'labels'],
        rows: counts.map((count, bin) => [bin / 10, (bin + 1) / 10, count]),
      })}
      drawing={() => barsDrawing(bars)}
    >
      <BarRows
        label="Labels by F1"
        max={Math.max(...counts)}
        rows={bars.map(({ label, ...bar }) => ({ key: label, label, ...bar }))}
      />
    </Panel>
  );
}
