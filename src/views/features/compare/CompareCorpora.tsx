import { useEffect, useId, useMemo } from 'react';
import type { KeptScan, ScanStatistics } from '../../../engine/protocol.ts';
import { rateDifference } from '../../../shared/rate-difference.ts';
import { useCompare } from '../../../state/compare.ts';
import { useScans } from '../../../state/scans.ts';
import { usePage } from '../../../state/store.ts';
import { mark } from '../../shared/colour.ts';
import type { TableData } from '../../shared/download.ts';
import { formatCount, formatFixed, formatPercent, formatSigned } from '../../shared/format.ts';
import { Panel } from '../../shared/Panel.tsx';
import { type SortedColumn, SortedRows } from '../../shared/SortedRows.tsx';
import { BarCell, featureKeys, labelSeen, numberColumn, toolsColumn, wordsColumn } from '../FeatureCells.tsx';
import { FeaturePageSource } from '../FeaturePageSource.tsx';
import { Comparing } from './Comparing.tsx';

interface Row {
  feature: number;
  rate: number;
  otherRate: number;
  logRatio: number;
  z: number;
}

function rowsOf(here: ScanStatistics, there: ScanStatistics): Row[] {
  return Array.from(here.count, (count, feature) => ({
    feature,
    ...rateDifference({
      count,
      of: here.tokens,
      otherCount: there.count[feature] ?? 0,
      otherOf: there.tokens,
    }),
  }));
}

/** Which features fire more often in one corpus than in another. */
export function CompareCorpora() {
  const asked = useCompare((state) => state.corpora);
  const readOther = useCompare((state) => state.readOther);
  const here = usePage((state) => state.statistics);
  const versus = usePage((state) => state.view.versus);
  const there = versus === '' ? undefined : asked.value;
  const fits = here && there && here.dictionaryDigest === there.dictionaryDigest;
  const rows = useMemo(() => (fits ? rowsOf(here, there) : []), [fits, here, there]);
  return (
    <Panel
      title="Features of two corpora"
      about={
        <>
          <p>
            <em>Rate</em>: share of a scan’s tokens a feature fires on. <em>Log-ratio</em>: log₂ of the rate
            here over the rate there, half a token added to each count so that none is 0. <em>z</em>: of the
            difference of two proportions, with a pooled variance.
          </p>
          <p>
            z takes every token for a draw of its own. Tokens of one text are alike, so that z is larger than
            the evidence: read it as an order, not as a test. A scan that is not complete is of the first
            items of its corpus.
          </p>
        </>
      }
      table={() => corporaTable(rows)}
      shownTable={() => corporaTable(rows.toSorted((a, b) => Math.abs(b.z) - Math.abs(a.z)).slice(0, 500))}
      images={false}
    >
      <Choose />
      <FeaturePageSource />
      <Comparing name="corpora" label="Reading the other texts" />
      {asked.failure?.code === 'not-found' && (
        <p className="row">
          <button type="button" onClick={() => void readOther()}>
            Read them now
          </button>
        </p>
      )}
      {fits && there.items < there.corpus.items && !asked.running && (
        <p className="row small">
          The other texts were read in part.
          <button type="button" onClick={() => void readOther()}>
            Read on
          </button>
        </p>
      )}
      {fits && (
        <div className={asked.of === asked.key ? '' : 'of-other-inputs'}>
          <p className="small">
            {here.corpus.name}: {formatCount(here.tokens)} tokens of {formatCount(here.items)} items · against{' '}
            {there.corpus.name}: {formatCount(there.tokens)} tokens of {formatCount(there.items)} items
          </p>
          <Rows rows={rows} />
        </div>
      )}
    </Panel>
  );
}

function Choose() {
  const id = useId();
  const kept = useScans((state) => state.kept);
  const wantKept = useScans((state) => state.wantKept);
  const dictionary = usePage((state) => state.opened?.dictionary);
  const current = usePage((state) => state.statistics?.corpus.id);
  const versus = usePage((state) => state.view.versus);
  const change = usePage((state) => state.change);
  useEffect(() => void wantKept(), [wantKept]);
  const own = kept.filter((scan) => scan.dictionary === dictionary?.id && scan.corpus !== current);
  const known = own.some(({ corpus }) => corpus === versus);
  return (
    <div className="row">
      <label htmlFor={id}>Compare with</label>
      <select id={id} value={versus} onChange={(event) => change({ versus: event.target.value })}>
        <option value="">nothing yet</option>
        {!known && versus !== '' && <option value={versus}>{versus}</option>}
        {own.map((scan) => (
          <option key={scan.id} value={scan.corpus}>
            {named(scan)}
          </option>
        ))}
      </select>
      {own.length === 0 && (
        <span className="small">
          No other texts have been read with this dictionary; the Prompts view reads some.
        </span>
      )}
    </div>
  );
}

const named = ({ corpusName, items, totalItems }: KeptScan): string =>
  `${corpusName}, ${formatCount(items)}${items < totalItems ? ` of ${formatCount(totalItems)}` : ''} items`;

function Rows({ rows }: { rows: readonly Row[] }) {
  const columns = useMemo(() => columnsOf(rows), [rows]);
  return (
    <SortedRows
      label="features of both corpora"
      columns={columns}
      rows={rows}
      keyOf={({ feature }) => String(feature)}
      by="size"
      keys={featureKeys}
      onSeen={labelSeen}
    />
  );
}

function columnsOf(rows: readonly Row[]): SortedColumn<Row>[] {
  const most = rows.reduce((top, { z }) => Math.max(top, Math.abs(z)), 0);
  return [
    numberColumn,
    wordsColumn,
    { id: 'rate', title: 'Rate here', value: ({ rate }) => rate, show: ({ rate }) => formatPercent(rate) },
    {
      id: 'otherRate',
      title: 'Rate there',
      value: ({ otherRate }) => otherRate,
      show: ({ otherRate }) => formatPercent(otherRate),
    },
    {
      id: 'logRatio',
      title: 'Log-ratio',
      value: ({ logRatio }) => logRatio,
      show: ({ logRatio }) => formatSigned(logRatio, 2),
    },
    {
      id: 'size',
      title: '|z|',
      value: ({ z }) => Math.abs(z),
      show: ({ z }) => (
        <BarCell share={Math.abs(z) / most} colour={z < 0 ? mark.negative : mark.positive}>
          {formatFixed(z, 1)}
        </BarCell>
      ),
    },
    toolsColumn,
  ];
}

function corporaTable(rows: readonly Row[]): TableData {
  return {
    columns: ['feature', 'rate here', 'rate there', 'log2 ratio', 'z'],
    rows: rows.map(({ feature, rate, otherRate, logRatio, z }) => [feature, rate, otherRate, logRatio, z]),
  };
}
