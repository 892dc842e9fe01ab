import { useId, useMemo, useState } from 'react';
import type { TextSearch } from '../../../engine/protocol.ts';
import { leftText } from '../../../state/compare-question.ts';
import { useCompare } from '../../../state/compare.ts';
import { usePage } from '../../../state/store.ts';
import { MAX_FIND } from '../../../state/view-state.ts';
import { mark } from '../../shared/colour.ts';
import type { TableData } from '../../shared/download.ts';
import { formatActivation, formatCount, formatSigned } from '../../shared/format.ts';
import { Panel } from '../../shared/Panel.tsx';
import { type SortedColumn, SortedRows } from '../../shared/SortedRows.tsx';
import { BarCell, featureKeys, labelSeen, numberColumn, toolsColumn, wordsColumn } from '../FeatureCells.tsx';
import { TintedTexts } from '../search/TintedTexts.tsx';
import { Comparing } from './Comparing.tsx';

interface Row {
  feature: number;
  /** Means over the tokens of each text. */
  left: number;
  right: number;
  difference: number;
  leftTokens: number;
  rightTokens: number;
}

function rowsOf({ found, text, against }: TextSearch): Row[] {
  return found.map((row) => {
    const left = row.total / Math.max(1, text.counted);
    const right = row.againstTotal / Math.max(1, against?.counted ?? 0);
    return {
      feature: row.feature,
      left,
      right,
      difference: left - right,
      leftTokens: row.tokens,
      rightTokens: row.againstTokens,
    };
  });
}

/** Which features tell two texts apart. */
export function CompareTexts() {
  const id = useId();
  const asked = useCompare((state) => state.texts);
  const left = usePage((state) => leftText(state.view));
  const against = usePage((state) => state.view.against);
  const change = usePage((state) => state.change);
  const found = against === '' ? undefined : asked.value;
  const rows = useMemo(() => (found ? rowsOf(found) : []), [found]);
  return (
    <Panel
      title="Features of two texts"
      about={
        <p>
          Mean activation over a text’s tokens, those the feature is silent on included; the first row the
          model reads is left out. <em>Difference</em>: mean on the left minus mean on the right; those that
          differ most come first, whichever way.
        </p>
      }
      table={() => textsTable(rows)}
      images={false}
    >
      <div className="texts-side">
        <div className="search-form">
          <label htmlFor={`${id}-left`}>Left text (the prompt of Explore, unless another is typed)</label>
          <textarea
            id={`${id}-left`}
            rows={3}
            maxLength={MAX_FIND}
            value={left}
            onChange={(event) => change({ find: event.target.value })}
          />
        </div>
        <div className="search-form">
          <label htmlFor={`${id}-right`}>Right text</label>
          <textarea
            id={`${id}-right`}
            rows={3}
            maxLength={MAX_FIND}
            value={against}
            onChange={(event) => change({ against: event.target.value })}
          />
        </div>
      </div>
      <Comparing name="texts" label="Reading both texts" />
      {against === '' && <p className="quiet-text">Type a second text to compare the first with.</p>}
      {found && <Found found={found} rows={rows} stale={asked.of !== asked.key} />}
    </Panel>
  );
}

function Found({ found, rows, stale }: { found: TextSearch; rows: readonly Row[]; stale: boolean }) {
  const [peek, setPeek] = useState<number | null>(null);
  const columns = useMemo(() => columnsOf(rows), [rows]);
  const first = useMemo(
    () =>
      rows.reduce<Row | undefined>(
        (best, row) => (Math.abs(row.difference) > Math.abs(best?.difference ?? 0) ? row : best),
        undefined,
      ),
    [rows],
  );
  const shown = peek ?? first?.feature ?? null;
  return (
    <div className={stale ? 'of-other-inputs' : ''} aria-busy={stale}>
      <p className="small">
        {formatCount(rows.length)} features fire on the {formatCount(found.text.counted)} tokens on the left
        or the {formatCount(found.against?.counted ?? 0)} on the right.
      </p>
      {shown !== null && (
        <TintedTexts
          found={found}
          feature={shown}
          names={['Left text', 'Right text']}
          className="texts-side"
        />
      )}
      <SortedRows
        label="features of both texts"
        columns={columns}
        rows={rows}
        keyOf={({ feature }) => String(feature)}
        by="size"
        isChosen={({ feature }) => feature === shown}
        keys={featureKeys}
        onPeek={(row) => row && setPeek(row.feature)}
        onSeen={labelSeen}
      />
    </div>
  );
}

function columnsOf(rows: readonly Row[]): SortedColumn<Row>[] {
  const most = rows.reduce((top, { left, right }) => Math.max(top, left, right), 0);
  const largest = rows.reduce((top, { difference }) => Math.max(top, Math.abs(difference)), 0);
  return [
    numberColumn,
    wordsColumn,
    {
      id: 'left',
      title: 'Left',
      value: ({ left }) => left,
      show: ({ left, leftTokens }) => (
        <BarCell share={left / most} colour={mark.activation}>
          <span title={`on ${leftTokens} tokens`}>{formatActivation(left)}</span>
        </BarCell>
      ),
    },
    {
      id: 'size',
      title: '|Difference|',
      value: ({ difference }) => Math.abs(difference),
      show: ({ difference }) => (
        <BarCell
          share={Math.abs(difference) / largest}
          colour={difference < 0 ? mark.negative : mark.positive}
        >
          {formatSigned(difference, 3)}
        </BarCell>
      ),
    },
    {
      id: 'difference',
      title: 'Left − right',
      value: ({ difference }) => difference,
      show: ({ difference }) => formatSigned(difference, 3),
    },
    {
      id: 'right',
      title: 'Right',
      value: ({ right }) => right,
      show: ({ right, rightTokens }) => (
        <BarCell share={right / most} colour={mark.activation}>
          <span title={`on ${rightTokens} tokens`}>{formatActivation(right)}</span>
        </BarCell>
      ),
    },
    toolsColumn,
  ];
}

function textsTable(rows: readonly Row[]): TableData {
  return {
    columns: ['feature', 'left mean', 'right mean', 'difference', 'left tokens', 'right tokens'],
    rows: rows.map(({ feature, left, right, difference, leftTokens, rightTokens }) => [
      feature,
      left,
      right,
      difference,
      leftTokens,
      rightTokens,
    ]),
  };
}
