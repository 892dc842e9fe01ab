import { useId, useMemo, useState } from 'react';
import type { FoundFeature, TextSearch } from '../../../engine/protocol.ts';
import { MOST_LISTED, missingForRank } from '../../../state/search-question.ts';
import { useSearch } from '../../../state/search.ts';
import { usePage } from '../../../state/store.ts';
import { MAX_FIND, TEXT_RANKS, type ViewState } from '../../../state/view-state.ts';
import { mark } from '../../shared/colour.ts';
import type { TableData } from '../../shared/download.ts';
import { formatActivation, formatCount, formatSigned } from '../../shared/format.ts';
import { Panel } from '../../shared/Panel.tsx';
import { type SortedColumn, SortedRows } from '../../shared/SortedRows.tsx';
import { BarCell, featureKeys, labelSeen, numberColumn, toolsColumn, wordsColumn } from '../FeatureCells.tsx';
import { TintedTexts } from './TintedTexts.tsx';
import { Asking } from './Asking.tsx';

const RANKS: Record<ViewState['rank'], string> = {
  total: 'total activation',
  max: 'largest activation',
  contrast: 'contrast with another text',
  specificity: 'specificity',
};

/** Features by a text that fires them. */
export function TextSearchPart() {
  const asked = useSearch((state) => state.text);
  const { find, against, rank } = usePage((state) => state.view);
  const missing = usePage((state) => missingForRank(state));
  const found = asked.value;
  return (
    <Panel
      title="Features of a text"
      about={<About />}
      table={() => (found ? foundTable(found) : { columns: [], rows: [] })}
      textColumns={[]}
      images={false}
    >
      <Form find={find} against={against} rank={rank} />
      {missing && <p className="small note">{missing}</p>}
      <Asking name="text" label="Reading the text" />
      {found && find !== '' && <Found found={found} stale={asked.of !== asked.key} rank={rank} />}
      {!found && find === '' && (
        <p className="quiet-text">Type or paste a text to see which features fire on it.</p>
      )}
    </Panel>
  );
}

function About() {
  return (
    <>
      <p>
        Features that fire on the text, over its tokens; the first row the model reads is left out, as
        everywhere. A text longer than the context is read in consecutive windows.
      </p>
      <p>
        <em>Total</em>: sum of its activations. <em>Largest</em>: its largest. <em>Contrast</em>: mean over
        this text’s tokens minus mean over the other text’s. <em>Specificity</em>: mean over this text’s
        tokens × ln(1 / rate), where the rate is its share of tokens fired on in the scan; what never fired
        there counts as if it had on one token. Tokens a feature is silent on count as 0 in means.
      </p>
    </>
  );
}

function Form({ find, against, rank }: Pick<ViewState, 'find' | 'against' | 'rank'>) {
  const id = useId();
  const change = usePage((state) => state.change);
  const prompt = usePage((state) => state.view.text);
  return (
    <div className="search-form">
      <label htmlFor={`${id}-find`}>Text</label>
      <textarea
        id={`${id}-find`}
        rows={3}
        maxLength={MAX_FIND}
        value={find}
        onChange={(event) => change({ find: event.target.value })}
      />
      <div className="row">
        <label htmlFor={`${id}-rank`}>Rank by</label>
        <select
          id={`${id}-rank`}
          value={rank}
          onChange={(event) => change({ rank: event.target.value as ViewState['rank'] })}
        >
          {TEXT_RANKS.map((value) => (
            <option key={value} value={value}>
              {RANKS[value]}
            </option>
          ))}
        </select>
        <button
          type="button"
          className="quiet"
          disabled={prompt === '' || prompt.slice(0, MAX_FIND) === find}
          onClick={() => change({ find: prompt.slice(0, MAX_FIND) })}
        >
          Take the prompt of Explore
        </button>
      </div>
      {(rank === 'contrast' || against !== '') && (
        <>
          <label htmlFor={`${id}-against`}>Text to contrast it with</label>
          <textarea
            id={`${id}-against`}
            rows={2}
            maxLength={MAX_FIND}
            value={against}
            onChange={(event) => change({ against: event.target.value })}
          />
        </>
      )}
    </div>
  );
}

function Found({ found, stale, rank }: { found: TextSearch; stale: boolean; rank: ViewState['rank'] }) {
  const [peek, setPeek] = useState<number | null>(null);
  const shown = peek ?? found.found[0]?.feature ?? null;
  const columns = useMemo(() => columnsOf(found), [found]);
  const { text, against, firing } = found;
  return (
    <div className={stale ? 'of-other-inputs' : ''} aria-busy={stale}>
      <p className="small">
        {formatCount(firing)} features fire on {formatCount(text.counted)} tokens
        {against && <> and on {formatCount(against.counted)} of the other text</>}
        {firing > found.found.length && (
          <>
            ; the first {formatCount(MOST_LISTED)} by {RANKS[rank]} are listed
          </>
        )}
        .
      </p>
      {shown !== null && (
        <TintedTexts found={found} feature={shown} names={['The text', 'The other text']} className="tints" />
      )}
      <SortedRows
        label="found features"
        columns={columns}
        rows={found.found}
        keyOf={({ feature }) => String(feature)}
        by="score"
        isChosen={({ feature }) => feature === shown}
        keys={featureKeys}
        onPeek={(row) => row && setPeek(row.feature)}
        onSeen={labelSeen}
      />
    </div>
  );
}

function columnsOf({ found, text, against }: TextSearch): SortedColumn<FoundFeature>[] {
  const most = found.reduce((max, { score }) => Math.max(max, Math.abs(score)), 0);
  const plain = (
    id: keyof FoundFeature,
    title: string,
    show: (value: number) => string = formatActivation,
  ): SortedColumn<FoundFeature> => ({ id, title, value: (row) => row[id], show: (row) => show(row[id]) });
  return [
    numberColumn,
    {
      id: 'score',
      title: 'Score',
      value: ({ score }) => score,
      width: 'minmax(6rem, 1.4fr)',
      show: ({ score }) => (
        <BarCell share={Math.abs(score) / most} colour={score < 0 ? mark.negative : mark.activation}>
          {against ? formatSigned(score, 3) : formatActivation(score)}
        </BarCell>
      ),
    },
    wordsColumn,
    plain('total', 'Total'),
    plain('max', 'Largest'),
    plain('tokens', `Tokens of ${formatCount(text.counted)}`, formatCount),
    ...(against ? [plain('againstTotal', 'Total, other'), plain('againstMax', 'Largest, other')] : []),
    toolsColumn,
  ];
}

function foundTable({ found }: TextSearch): TableData {
  return {
    columns: ['feature', 'score', 'total', 'max', 'tokens', 'other total', 'other max', 'other tokens'],
    rows: found.map((row) => [
      row.feature,
      row.score,
      row.total,
      row.max,
      row.tokens,
      row.againstTotal,
      row.againstMax,
      row.againstTokens,
    ]),
  };
}
