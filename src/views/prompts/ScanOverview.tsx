import { useMemo } from 'react';
import type { ScanStatistics } from '../../engine/protocol.ts';
import { usePage } from '../../state/store.ts';
import { BinsChart } from '../shared/BinsChart.tsx';
import { Facts } from '../shared/Facts.tsx';
import { formatCount, formatFixed, formatPercent } from '../shared/format.ts';
import { Panel } from '../shared/Panel.tsx';
import { featureRows, featureTable, RARE, rateBins, rateTable, scanTotals } from './overview-derived.ts';
import { RateScatter, scatterDrawing } from './RateScatter.tsx';
import { ScanExport } from './ScanExport.tsx';

/** What the texts say of the dictionary as a whole. */
export function ScanOverview() {
  const statistics = usePage((state) => state.statistics);
  if (!statistics || statistics.tokens === 0) return null;
  return (
    <>
      <Totals statistics={statistics} />
      <Rates statistics={statistics} />
      <Sizes statistics={statistics} />
    </>
  );
}

function Totals({ statistics }: { statistics: ScanStatistics }) {
  const totals = useMemo(() => scanTotals(statistics), [statistics]);
  const goTo = usePage((state) => state.goTo);
  const of = (features: number): string =>
    `${formatCount(features)} (${formatPercent(features / totals.features)})`;
  const table = () => ({
    columns: ['figure', 'value'],
    rows: [
      ['texts read', statistics.items],
      ['tokens', totals.tokens],
      ['mean L0', totals.l0],
      ['features', totals.features],
      ['features that never fired', totals.dead],
      [`features on less than ${formatPercent(RARE)} of tokens`, totals.rare],
    ] as [string, number][],
  });
  return (
    <Panel
      title="What was read"
      about="Tokens: all that were read but the first row of every window, whose activation is an outlier. A feature fires on a token when its value there is above zero."
      table={table}
      images={false}
    >
      <Facts
        facts={[
          { name: 'Texts', about: 'Texts read so far.', value: formatCount(statistics.items) },
          {
            name: 'Tokens',
            about: 'Tokens counted: the first row of every window is not.',
            value: formatCount(totals.tokens),
          },
          {
            name: 'L0',
            about: 'Mean number of features that fire on a token.',
            value: formatFixed(totals.l0, 1),
            unit: 'a token',
          },
          {
            name: 'Never fired',
            about: 'Features that fired on none of these tokens. On other texts, or more of them, some may.',
            value: of(totals.dead),
          },
          {
            name: 'Rare',
            about: `Features that fired, on less than ${formatPercent(RARE)} of the tokens.`,
            value: of(totals.rare),
          },
        ]}
      />
      <div className="row">
        <button type="button" onClick={() => goTo('features', { feature: null, tab: 'list' })}>
          All features of these texts
        </button>
        <ScanExport />
      </div>
    </Panel>
  );
}

function Rates({ statistics }: { statistics: ScanStatistics }) {
  const bins = useMemo(() => rateBins(statistics), [statistics]);
  if (bins.length === 0) return null;
  return (
    <Panel
      title="How often features fire"
      about="Features by the share of the tokens on which they fire, in bins of equal width on a log scale. Features that never fired are in none of them."
      table={() => rateTable(bins)}
    >
      <BinsChart
        bins={bins}
        scale="log"
        label={`Features by firing rate over ${formatCount(statistics.tokens)} tokens`}
        counted="features"
        along="share of tokens it fires on (log scale)"
        show={formatPercent}
        height={180}
      />
    </Panel>
  );
}

function Sizes({ statistics }: { statistics: ScanStatistics }) {
  const rows = useMemo(() => featureRows(statistics).filter(({ rate }) => rate > 0), [statistics]);
  if (rows.length === 0) return null;
  return (
    <Panel
      title="How often and how strongly"
      about="One point a feature that fired: the share of tokens it fires on, and its largest value, in the dictionary’s own units; both on log scales."
      table={() => featureTable(rows)}
      shownTable={() => featureTable([...rows].sort((a, b) => b.rate - a.rate).slice(0, 200))}
      textColumns={[4]}
      drawing={() => scatterDrawing(rows)}
    >
      <RateScatter
        rows={rows}
        label={`${formatCount(rows.length)} features by firing rate and largest value; the table has them as numbers`}
      />
    </Panel>
  );
}
