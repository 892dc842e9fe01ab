import { useDeferredValue, useId, useMemo, useState } from 'react';
import type { FeatureMap } from '../../../state/feature-map.ts';
import { usePage } from '../../../state/store.ts';
import { MAX_PINS } from '../../../state/view-state.ts';
import { save, type TableData, toCsv } from '../../shared/download.ts';
import { formatCount } from '../../shared/format.ts';
import { LabelText } from '../../shared/LabelText.tsx';
import { VirtualRows } from '../../shared/VirtualRows.tsx';
import { visibleText } from '../../shared/visible-text.ts';
import { useWantedLabel } from './useWantedLabel.ts';

interface MapListProps {
  map: FeatureMap;
  /** Places listed; undefined: all. */
  places: readonly number[] | undefined;
  /** Whether they were chosen, rather than in sight. */
  chosen: boolean;
  /** [F] what the list is sorted by, largest first, NaN last; and in words. */
  values: ArrayLike<number> | undefined;
  show: (value: number) => string;
  /** [n] colours, by which the list is sorted without values. */
  steps: Uint8Array;
  table: (places: readonly number[]) => TableData;
  onLeave: () => void;
}

const ROW = 36;

/** The features in sight or inside the lasso: the map in words. */
export function MapList({ map, places, chosen, values, show, steps, table, onLeave }: MapListProps) {
  const id = useId();
  const [search, setSearch] = useState('');
  const wanted = useDeferredValue(search).trim().toLowerCase();
  const topTokens = usePage((state) => state.statistics?.topTokens);
  const labels = usePage((state) => state.labels);
  const listed = useMemo(() => {
    const all = places ?? Array.from(map.features.keys());
    const within =
      wanted === ''
        ? all
        : all.filter((place) => {
            const feature = map.features[place]!;
            const words = [topTokens?.[feature] ?? '', ...(labels[feature]?.promoted ?? [])];
            return `${feature}` === wanted.replace('#', '') || words.some((word) => matches(word, wanted));
          });
    const of = (place: number): number => (values ? values[map.features[place]!] : steps[place]) || -Infinity;
    return [...within].sort((a, b) => (of(a) === of(b) ? a - b : of(b) - of(a)));
    // Labels that come while the list is read would move its rows: only a new search looks at them.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [map, places, values, steps, wanted, topTokens]);

  const pinAll = (): void => {
    const { view, change } = usePage.getState();
    const features = listed.map((place) => map.features[place]!);
    change({ pins: [...new Set([...view.pins, ...features])].slice(0, MAX_PINS) });
  };
  const where = chosen ? 'chosen' : places ? 'in sight' : 'on the map';
  return (
    <section className="map-list" aria-labelledby={`${id}-title`}>
      <h3 id={`${id}-title`}>
        {formatCount(listed.length)} {listed.length === 1 ? 'feature' : 'features'} {where}
        {wanted !== '' && ', found'}
      </h3>
      <div className="row">
        <label className="visually-hidden" htmlFor={`${id}-search`}>
          Search within: number or token
        </label>
        <input
          id={`${id}-search`}
          type="search"
          placeholder="Number or token"
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
        <button type="button" disabled={listed.length === 0} onClick={pinAll}>
          Pin {listed.length > MAX_PINS ? `the first ${MAX_PINS}` : 'all'}
        </button>
        <button
          type="button"
          disabled={listed.length === 0}
          onClick={() =>
            save('facet-map-features.csv', new Blob([toCsv(table(listed))], { type: 'text/csv' }))
          }
        >
          Export these
        </button>
        {chosen && (
          <button type="button" onClick={onLeave}>
            Clear the choice
          </button>
        )}
      </div>
      {listed.length === 0 ? (
        <p className="quiet-text">No feature here. Zoom out, or search for something else.</p>
      ) : (
        <VirtualRows
          label={`Features ${where}`}
          count={listed.length}
          rowHeight={ROW}
          keyOf={(i) => String(listed[i])}
        >
          {(i) => {
            const feature = map.features[listed[i]!]!;
            return <Row feature={feature} value={values && show(values[feature] ?? NaN)} />;
          }}
        </VirtualRows>
      )}
    </section>
  );
}

const matches = (word: string, wanted: string): boolean =>
  word.toLowerCase().includes(wanted) || visibleText(word).toLowerCase().includes(wanted);

function Row({ feature, value }: { feature: number; value: string | undefined }) {
  const label = useWantedLabel(feature);
  const topToken = usePage((state) => state.statistics?.topTokens[feature]);
  const pinned = usePage((state) => state.view.pins.includes(feature));
  const openFeature = usePage((state) => state.openFeature);
  const togglePin = usePage((state) => state.togglePin);
  return (
    <div className="map-row">
      <button type="button" className="map-open" onClick={() => openFeature(feature)}>
        <span className="feature-index">#{feature}</span>
        <span className="feature-label">
          <LabelText label={label} topToken={topToken} />
        </span>
        {value !== undefined && <span className="number">{value}</span>}
      </button>
      <button
        type="button"
        className="quiet pin"
        aria-pressed={pinned}
        aria-label={`Pin feature ${feature}`}
        onClick={() => togglePin(feature)}
      >
        {pinned ? '★' : '☆'}
      </button>
    </div>
  );
}
