import { useId, useMemo } from 'react';
import type { DictionaryMatch } from '../../../engine/protocol.ts';
import { useCompare } from '../../../state/compare.ts';
import { usePage } from '../../../state/store.ts';
import { mark } from '../../shared/colour.ts';
import type { TableData } from '../../shared/download.ts';
import { type Fact, Facts } from '../../shared/Facts.tsx';
import { formatCount, formatFixed, formatPercent } from '../../shared/format.ts';
import { Panel } from '../../shared/Panel.tsx';
import { type SortedColumn, SortedRows } from '../../shared/SortedRows.tsx';
import { BarCell, featureKeys, labelSeen, numberColumn, toolsColumn, wordsColumn } from '../FeatureCells.tsx';
import { Comparing } from './Comparing.tsx';
import { CosineHistogram } from './CosineHistogram.tsx';
import { type MatchRow, matchRows, NONE, shareAbove } from './match-derived.ts';

/** Latents of the open dictionary and of another that point the same way, and that fire on the same tokens. */
export function CompareDictionaries() {
  const asked = useCompare((state) => state.match);
  const other = usePage((state) => state.view.other);
  const match = other === '' ? undefined : asked.value;
  const rows = useMemo(() => (match ? matchRows(match) : []), [match]);
  return (
    <Panel
      title="Latents of two dictionaries"
      about={
        <>
          <p>
            <em>Cosine</em>: of a latent’s decoder row with the most similar one of the other dictionary;
            exact, every pair is looked at. <em>Mutual</em>: that one’s best match is this latent. Decoder
            rows can be compared where they are directions of one space: those of one hook, or of the residual
            stream.
          </p>
          <p>
            <em>Jaccard</em>: tokens on which both fire over tokens on which either does, with the latent of
            the other for which it is largest, over the first items of the corpus. From few firings it says
            little.
          </p>
        </>
      }
      table={() => matchTable(rows)}
      shownTable={() => matchTable(rows.toSorted((a, b) => b.cosine - a.cosine).slice(0, 500))}
    >
      <Choose />
      <Comparing name="match" label="Comparing" />
      {other === '' && <p className="quiet-text">Choose a dictionary to compare the open one with.</p>}
      {match && (
        <div className={asked.of === asked.key ? '' : 'of-other-inputs'}>
          <Facts facts={factsOf(match, rows)} />
          <CosineHistogram match={match} />
          <Rows rows={rows} firing={match.firing !== undefined} />
        </div>
      )}
    </Panel>
  );
}

function Choose() {
  const id = useId();
  const opened = usePage((state) => state.opened);
  const other = usePage((state) => state.view.other);
  const change = usePage((state) => state.change);
  const others = (opened?.dictionaries ?? []).filter((each) => each.id !== opened?.dictionary?.id);
  const known = others.some((each) => each.id === other);
  return (
    <div className="row">
      <label htmlFor={id}>Compare with</label>
      <select id={id} value={other} onChange={(event) => change({ other: event.target.value })}>
        <option value="">nothing yet</option>
        {!known && other !== '' && <option value={other}>{other}</option>}
        {others.map(({ id: value, hook, title }) => (
          <option key={value} value={value}>
            {hook} — {title}
          </option>
        ))}
      </select>
    </div>
  );
}

function factsOf(match: DictionaryMatch, rows: readonly MatchRow[]): Fact[] {
  const { nearest, cosine, backNearest, backCosine, firing } = match;
  const above = (least: number): Fact => ({
    name: `Cosine ≥ ${least}`,
    about: `Share of the open dictionary’s ${formatCount(match.latents)} latents whose best match has a cosine of at least ${least}; the other way round ${formatPercent(shareAbove(backNearest, backCosine, least))} of ${formatCount(match.otherLatents)}.`,
    value: formatPercent(shareAbove(nearest, cosine, least)),
  });
  const mutual = rows.filter((row) => row.mutual).length;
  return [
    above(0.7),
    above(0.9),
    {
      name: 'Mutual',
      about: 'Latents that are the best match of their best match.',
      value: formatCount(mutual),
    },
    ...(firing
      ? [
          {
            name: 'Tokens',
            about: `Co-firing was counted on the first ${formatCount(firing.items)} items of the corpus.`,
            value: formatCount(firing.tokens),
          },
        ]
      : []),
  ];
}

function Rows({ rows, firing }: { rows: readonly MatchRow[]; firing: boolean }) {
  const columns = useMemo(() => columnsOf(firing), [firing]);
  return (
    <SortedRows
      label="latents and their matches"
      columns={columns}
      rows={rows}
      keyOf={({ feature }) => String(feature)}
      by="cosine"
      keys={featureKeys}
      onSeen={labelSeen}
    />
  );
}

const numberOf = (latent: number): string => (latent === NONE ? '–' : `#${latent}`);

function columnsOf(firing: boolean): SortedColumn<MatchRow>[] {
  const together: SortedColumn<MatchRow>[] = [
    {
      id: 'partner',
      title: 'Fires with',
      value: ({ partner }) => (partner === NONE ? NaN : partner),
      rising: true,
      show: ({ partner }) => numberOf(partner),
    },
    {
      id: 'jaccard',
      title: 'Jaccard',
      value: ({ jaccard }) => jaccard,
      show: ({ jaccard, together: both, count }) => (
        <span title={`together on ${both} of the ${count} tokens it fires on`}>{formatFixed(jaccard)}</span>
      ),
    },
    { id: 'count', title: 'Fires on', value: ({ count }) => count, show: ({ count }) => formatCount(count) },
  ];
  return [
    numberColumn,
    wordsColumn,
    {
      id: 'nearest',
      title: 'Best match',
      value: ({ nearest }) => (nearest === NONE ? NaN : nearest),
      rising: true,
      show: ({ nearest }) => numberOf(nearest),
    },
    {
      id: 'cosine',
      title: 'Cosine',
      value: ({ cosine }) => cosine,
      show: ({ cosine }) => (
        <BarCell share={cosine} colour={mark.activation}>
          {formatFixed(cosine, 3)}
        </BarCell>
      ),
    },
    {
      id: 'mutual',
      title: 'Mutual',
      value: ({ mutual }) => Number(mutual),
      show: ({ mutual }) => (mutual ? 'yes' : 'no'),
    },
    ...(firing ? together : []),
    toolsColumn,
  ];
}

function matchTable(rows: readonly MatchRow[]): TableData {
  const known = (value: number): number | null => (Number.isNaN(value) || value === NONE ? null : value);
  return {
    columns: [
      'latent', 'best match', 'cosine', 'mutual', 'fires with', 'jaccard', 'tokens it fires on', 'tokens together',
    ], // oxfmt-ignore
    rows: rows.map((row) => [
      row.feature,
      known(row.nearest),
      known(row.cosine),
      row.mutual ? 1 : 0,
      known(row.partner),
      known(row.jaccard),
      known(row.count),
      known(row.together),
    ]),
  };
}
