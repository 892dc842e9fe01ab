import { useId, useMemo } from 'react';
import type { TokenSearch } from '../../../engine/protocol.ts';
import { type TokenAnswer, useSearch } from '../../../state/search.ts';
import { usePage } from '../../../state/store.ts';
import { MAX_FIND } from '../../../state/view-state.ts';
import { mark } from '../../shared/colour.ts';
import type { TableData } from '../../shared/download.ts';
import { formatSigned } from '../../shared/format.ts';
import { Panel } from '../../shared/Panel.tsx';
import { type SortedColumn, SortedRows } from '../../shared/SortedRows.tsx';
import { TokenText } from '../../shared/TokenText.tsx';
import { BarCell, featureKeys, labelSeen, numberColumn, toolsColumn, wordsColumn } from '../FeatureCells.tsx';
import { Asking } from './Asking.tsx';

/** Features by what they do to one next token. */
export function TokenSearchPart() {
  const id = useId();
  const asked = useSearch((state) => state.token);
  const find = usePage((state) => state.view.find);
  const change = usePage((state) => state.change);
  const answer = find === '' ? undefined : asked.value;
  return (
    <Panel
      title="Features of a next token"
      about={
        <p>
          What a unit of each feature adds to the token’s logit if it reaches the end unchanged, minus the
          mean over the vocabulary: its decoder row, through the matrix that follows the hook, centred and
          times the gain of the final norm, whose scale is taken as 1, times the token’s unembedding. Direct
          path only: later layers are not run. The same number as on the feature’s page.
        </p>
      }
      table={() => tokenTable(answer)}
      images={false}
    >
      <div className="search-form">
        <label htmlFor={id}>Token, with the space before it if it begins a word</label>
        <input
          id={id}
          type="search"
          maxLength={MAX_FIND}
          value={find}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => change({ find: event.target.value })}
        />
      </div>
      {answer && <Choices answer={answer} find={find} />}
      <Asking name="token" label="Looking the token up" />
      {answer?.promoted && answer.suppressed && (
        <div className={`two-lists${asked.of === asked.key ? '' : ' of-other-inputs'}`}>
          <Side title="Raise it" found={answer.promoted} colour={mark.positive} />
          <Side title="Lower it" found={answer.suppressed} colour={mark.negative} />
        </div>
      )}
      {find === '' && <p className="quiet-text">Type a token to see which features raise or lower it.</p>}
    </Panel>
  );
}

function Choices({ answer: { choices, promoted }, find }: { answer: TokenAnswer; find: string }) {
  const change = usePage((state) => state.change);
  const others = choices.filter(({ text }) => text !== find);
  if (promoted && others.length === 0) return null;
  return (
    <div className="row" role="group" aria-label="Tokens it may be about">
      <span className="small">
        {promoted ? 'Also a token:' : 'This is several tokens of the model. One of them:'}
      </span>
      {others.map(({ id, text }) => (
        <button key={id} type="button" className="token-choice" onClick={() => change({ find: text })}>
          <TokenText text={text} />
        </button>
      ))}
      {others.length === 0 && <span className="small">none of its parts can be typed.</span>}
    </div>
  );
}

type Row = TokenSearch['found'][number];

function Side({
  title,
  found: { found, token },
  colour,
}: {
  title: string;
  found: TokenSearch;
  colour: string;
}) {
  const columns = useMemo(() => columnsOf(found, colour), [found, colour]);
  return (
    <section aria-label={title} data-token={token.id}>
      <h3>
        {title}: <TokenText text={token.text} />
      </h3>
      <SortedRows
        label={`features that ${title.toLowerCase()}`}
        columns={columns}
        rows={found}
        keyOf={({ feature }) => String(feature)}
        by="logit"
        keys={featureKeys}
        onSeen={labelSeen}
      />
    </section>
  );
}

function columnsOf(found: readonly Row[], colour: string): SortedColumn<Row>[] {
  const best = found[0]?.logit ?? 0;
  return [
    numberColumn,
    {
      id: 'logit',
      title: 'Logit per unit',
      value: ({ logit }) => logit,
      rising: best < 0,
      width: 'minmax(6rem, 1.4fr)',
      show: ({ logit }) => (
        <BarCell share={logit / best} colour={colour}>
          {formatSigned(logit, 3)}
        </BarCell>
      ),
    },
    wordsColumn,
    toolsColumn,
  ];
}

function tokenTable(answer: TokenAnswer | undefined): TableData {
  const rows = (['promoted', 'suppressed'] as const).flatMap((order) => {
    const { found = [], token } = answer?.[order] ?? {};
    return found.map(({ feature, logit }) => [order, token!.text, token!.id, feature, logit]);
  });
  return { columns: ['order', 'token', 'id', 'feature', 'logit per unit'], rows };
}
