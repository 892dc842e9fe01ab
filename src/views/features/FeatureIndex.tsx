import { useDeferredValue, useEffect, useId, useMemo, useState } from 'react';
import { attribution, useAttribution } from '../../state/attribution.ts';
import { filterIndex, type IndexRow, indexRows } from '../../state/feature-index.ts';
import { searchText } from '../../state/feature-words.ts';
import { useSearch } from '../../state/search.ts';
import { usePage } from '../../state/store.ts';
import type { TableData } from '../shared/download.ts';
import { formatActivation, formatCount, formatPercent } from '../shared/format.ts';
import { Panel } from '../shared/Panel.tsx';
import { type SortedColumn, SortedRows } from '../shared/SortedRows.tsx';
import { featureKeys, labelSeen, numberColumn, toolsColumn, wordsColumn } from './FeatureCells.tsx';
import { FeaturePageSource } from './FeaturePageSource.tsx';
import { useOwnWords } from './own-words.ts';
import { Labelling } from './search/Labelling.tsx';
import './search/search.css';

/** Rows of the table in the page; the files have them all. */
const SHOWN = 500;

/** Every feature of the dictionary, sorted and filtered without running anything. */
export function FeatureIndex() {
  const dictionary = usePage((state) => state.opened?.dictionary);
  const statistics = usePage((state) => state.statistics);
  const labels = usePage((state) => state.labels);
  const { minDensity, maxDensity, minValue } = usePage((state) => state.view);
  const own = useOwnWords();
  const onHeads = dictionary?.hook.endsWith('.attn.hook_z') ?? false;
  const shares = useAttribution((state) => state.shares);
  const [typed, setTyped] = useState('');
  const [dead, setDead] = useState(false);
  const [head, setHead] = useState<number | null>(null);
  const [minShare, setMinShare] = useState(0);
  useEffect(() => (onHeads ? attribution.watchShares() : undefined), [onHeads]);
  const heads = onHeads && shares?.digest === dictionary?.digest ? shares : undefined;
  const dSae = dictionary?.dSae ?? 0;

  const all = useMemo(() => indexRows(dSae, statistics, heads, head), [dSae, statistics, heads, head]);
  // Typing stays smooth among a hundred thousand rows.
  const search = useDeferredValue(searchText(typed));
  const rows = useMemo(
    () =>
      filterIndex(
        all,
        {
          minRate: minDensity,
          maxRate: maxDensity,
          minMax: minValue,
          dead,
          search,
          minShare: heads ? minShare : 0,
        },
        { labels, statistics, own },
      ),
    // Words are looked at only where some are searched for: labels come in by the hundred.
    // oxlint-disable-next-line react/exhaustive-deps
    [all, minDensity, maxDensity, minValue, dead, search, heads, minShare, search === '' ? 0 : labels, own],
  );
  const columns = useMemo(() => columnsOf(heads !== undefined), [heads]);
  const table = (most = Infinity): TableData => indexTable(rows.slice(0, most), heads !== undefined);
  return (
    <div className="feature-index">
      <FeaturePageSource />
      <Panel
        title="All features"
        about={<About />}
        table={() => table()}
        shownTable={() => table(SHOWN)}
        textColumns={[4, 5]}
        files={[
          {
            name: 'JSON',
            extension: 'json',
            type: 'application/json',
            content: () => JSON.stringify(objects(table())),
          },
        ]}
        images={false}
      >
        <Filters
          typed={typed}
          onType={(text) => {
            setTyped(text);
            if (searchText(text) !== '' && !useSearch.getState().labelling)
              void useSearch.getState().labelAll();
          }}
          dead={dead}
          onDead={setDead}
        />
        {heads && (
          <HeadFilter
            heads={heads.heads}
            head={head}
            onHead={setHead}
            minShare={minShare}
            onShare={setMinShare}
          />
        )}
        {search !== '' && <Labelling />}
        <p className="small" role="status">
          {formatCount(rows.length)} of {formatCount(dSae)} features
          {statistics && (
            <>
              {' '}
              over {formatCount(statistics.tokens)} tokens; {formatCount(deadOf(statistics.count))} never
              fired
            </>
          )}
        </p>
        <SortedRows
          label="features"
          columns={columns}
          rows={rows}
          keyOf={({ feature }) => String(feature)}
          by="feature"
          keys={featureKeys}
          onSeen={labelSeen}
        />
      </Panel>
    </div>
  );
}

function About() {
  return (
    <>
      <p>
        <em>Rate</em>: share of the scan’s tokens a feature fires on (activation above 0); the first row of
        every window is left out. <em>Mean</em>: of its activations above 0. <em>Largest</em>: its largest.{' '}
        <em>Never fired</em>: on none of these tokens, which is not to say that it is dead.
      </p>
      <p>
        Beside the number: your own label, the token it fired on most, and after → the next tokens whose logit
        it raises most. Keys on a row: Enter opens its page, P pins, S steers.
      </p>
    </>
  );
}

interface FiltersProps {
  typed: string;
  onType: (text: string) => void;
  dead: boolean;
  onDead: (dead: boolean) => void;
}

function Filters({ typed, onType, dead, onDead }: FiltersProps) {
  const { minDensity, maxDensity, minValue } = usePage((state) => state.view);
  const change = usePage((state) => state.change);
  return (
    <div className="index-filters">
      <label>
        Words or number
        <input type="search" value={typed} onChange={(event) => onType(event.target.value)} />
      </label>
      <Percent
        label="Rate from, %"
        share={minDensity}
        onShare={(share) => change({ minDensity: Math.min(share, maxDensity) })}
      />
      <Percent
        label="Rate to, %"
        share={maxDensity}
        onShare={(share) => change({ maxDensity: Math.max(share, minDensity) })}
      />
      <label>
        Largest at least
        <input
          type="number"
          min={0}
          step="any"
          value={minValue}
          onChange={({ target }) => {
            if (target.value !== '' && target.valueAsNumber >= 0) change({ minValue: target.valueAsNumber });
          }}
        />
      </label>
      <label className="check">
        <input type="checkbox" checked={dead} onChange={(event) => onDead(event.target.checked)} />
        only those that never fired
      </label>
      {(minDensity > 0 || maxDensity < 1 || minValue > 0 || dead || typed !== '') && (
        <button
          type="button"
          className="quiet"
          onClick={() => {
            onType('');
            onDead(false);
            change({ minDensity: 0, maxDensity: 1, minValue: 0 });
          }}
        >
          Clear
        </button>
      )}
    </div>
  );
}

interface PercentProps {
  label: string;
  share: number;
  onShare: (share: number) => void;
}

/** As it is typed: `0.` on the way to `0.1` is not rewritten. */
function Percent({ label, share, onShare }: PercentProps) {
  const id = useId();
  return (
    <label htmlFor={id}>
      {label}
      <input
        id={id}
        type="number"
        min={0}
        max={100}
        step="any"
        value={Number((100 * share).toPrecision(8))}
        onChange={({ target }) => {
          const percent = target.valueAsNumber;
          if (percent >= 0 && percent <= 100) onShare(Number((percent / 100).toPrecision(8)));
        }}
      />
    </label>
  );
}

interface HeadFilterProps {
  heads: number;
  head: number | null;
  onHead: (head: number | null) => void;
  minShare: number;
  onShare: (share: number) => void;
}

function HeadFilter({ heads, head, onHead, minShare, onShare }: HeadFilterProps) {
  return (
    <div className="index-filters">
      <label>
        Head
        <select
          value={head ?? ''}
          onChange={({ target }) => onHead(target.value === '' ? null : Number(target.value))}
        >
          <option value="">the one that has most of it</option>
          {Array.from({ length: heads }, (_, h) => (
            <option key={h} value={h}>
              {h}
            </option>
          ))}
        </select>
      </label>
      <Percent label="Decoder weight on it at least, %" share={minShare} onShare={onShare} />
    </div>
  );
}

const deadOf = (count: Uint32Array): number => count.reduce((none, fired) => none + (fired === 0 ? 1 : 0), 0);

function columnsOf(heads: boolean): SortedColumn<IndexRow>[] {
  const figure = (
    id: 'rate' | 'mean' | 'max',
    title: string,
    show: (value: number) => string,
  ): SortedColumn<IndexRow> => ({ id, title, value: (row) => row[id], show: (row) => show(row[id]) });
  return [
    numberColumn,
    wordsColumn,
    figure('rate', 'Rate', formatPercent),
    figure('mean', 'Mean', formatActivation),
    figure('max', 'Largest', formatActivation),
    ...(heads
      ? [
          {
            id: 'share',
            title: 'Head, weight',
            value: ({ share }: IndexRow) => share,
            show: ({ head, share }: IndexRow) => `${head} · ${formatPercent(share)}`,
          },
        ]
      : []),
    toolsColumn,
  ];
}

const numberOrNone = (value: number): number | null => (Number.isNaN(value) ? null : value);

function indexTable(rows: readonly IndexRow[], heads: boolean): TableData {
  const { labels, statistics } = usePage.getState();
  return {
    columns: ['feature', 'rate', 'mean', 'max', 'top token', 'promoted', ...(heads ? ['head', 'share'] : [])],
    rows: rows.map(({ feature, rate, mean, max, head, share }) => [
      feature,
      numberOrNone(rate),
      numberOrNone(mean),
      numberOrNone(max),
      statistics?.topTokens[feature] ?? '',
      (labels[feature]?.promoted ?? []).join(' '),
      ...(heads ? [head, share] : []),
    ]),
  };
}

const objects = ({ columns, rows }: TableData): Record<string, unknown>[] =>
  rows.map((row) => Object.fromEntries(columns.map((column, i) => [column, row[i]])));
