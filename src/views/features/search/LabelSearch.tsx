import { useId, useMemo } from 'react';
import { searchText, WORD_PLACES, wordPlace, type WordPlace, wordsOf } from '../../../state/feature-words.ts';
import { usePage } from '../../../state/store.ts';
import { MAX_FIND } from '../../../state/view-state.ts';
import { formatCount, formatPercent } from '../../shared/format.ts';
import { Panel } from '../../shared/Panel.tsx';
import { type SortedColumn, SortedRows } from '../../shared/SortedRows.tsx';
import { featureKeys, labelSeen, numberColumn, toolsColumn, wordsColumn } from '../FeatureCells.tsx';
import { useOwnWords } from '../own-words.ts';
import { Labelling } from './Labelling.tsx';

interface Row {
  feature: number;
  place: WordPlace;
}

/** Features by words: the visitor's own, those they fire on, those they promote. */
export function LabelSearch() {
  const id = useId();
  const find = usePage((state) => state.view.find);
  const change = usePage((state) => state.change);
  const dSae = usePage((state) => state.opened?.dictionary?.dSae ?? 0);
  const labels = usePage((state) => state.labels);
  const statistics = usePage((state) => state.statistics);
  const own = useOwnWords();
  const search = searchText(find);
  const rows = useMemo((): Row[] => {
    if (search === '') return [];
    const found: Row[] = [];
    for (let feature = 0; feature < dSae; feature++) {
      const place = wordPlace(wordsOf({ labels, statistics, own }, feature), search);
      if (place) found.push({ feature, place });
    }
    return found;
  }, [search, dSae, labels, statistics, own]);
  return (
    <Panel
      title="Features by words"
      about={
        <p>
          The search is looked for in your own label, your note, the token it fired on most in the scan, and
          the tokens whose logit it raises most, in that order, whatever the case.
        </p>
      }
      table={() => ({
        columns: ['feature', 'found in', 'top token', 'promoted'],
        rows: rows.map(({ feature, place }) => [
          feature,
          place,
          statistics?.topTokens[feature] ?? '',
          (labels[feature]?.promoted ?? []).join(' '),
        ]),
      })}
      textColumns={[2, 3]}
      images={false}
    >
      <div className="search-form">
        <label htmlFor={id}>Words</label>
        <input
          id={id}
          type="search"
          maxLength={MAX_FIND}
          value={find}
          onChange={(event) => change({ find: event.target.value })}
        />
      </div>
      <Labelling />
      {search === '' ? (
        <p className="quiet-text">
          Type a word to find features by what they are called, fire on or promote.
        </p>
      ) : (
        <>
          <p className="small" role="status">
            {formatCount(rows.length)} of {formatCount(dSae)} features
            {!statistics && '; what they fire on is known once texts were read'}.
          </p>
          <SortedRows
            label="features by words"
            columns={COLUMNS}
            rows={rows}
            keyOf={({ feature }) => String(feature)}
            by="place"
            keys={featureKeys}
            onSeen={labelSeen}
          />
        </>
      )}
    </Panel>
  );
}

const COLUMNS: SortedColumn<Row>[] = [
  numberColumn,
  wordsColumn,
  {
    id: 'place',
    title: 'Found in',
    value: ({ place }) => WORD_PLACES.indexOf(place),
    rising: true,
    show: ({ place }) => place,
  },
  {
    id: 'rate',
    title: 'Rate',
    value: ({ feature }) => rateOf(feature),
    show: ({ feature }) => formatPercent(rateOf(feature)),
  },
  toolsColumn,
];

function rateOf(feature: number): number {
  const { statistics } = usePage.getState();
  return statistics && statistics.tokens > 0 ? statistics.count[feature]! / statistics.tokens : NaN;
}
