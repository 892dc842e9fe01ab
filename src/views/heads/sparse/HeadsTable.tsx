import { useMemo } from 'react';
import type { SparsifiedText } from '../../../engine/protocol.ts';
import { useSparse, type SparseResult } from '../../../state/sparse.ts';
import { usePage } from '../../../state/store.ts';
import { formatCount, formatFixed, formatPercent } from '../../shared/format.ts';
import { Panel } from '../../shared/Panel.tsx';
import { type SortedColumn, SortedRows } from '../../shared/SortedRows.tsx';
import { headName } from '../derived.ts';
import { HeadLink } from '../HeadLink.tsx';

import { headsTable } from './tables.ts';
import { patternTitle } from './words.ts';

type SparseHead = SparsifiedText['heads'][number];

/** What each head's mask keeps of its attention. */
export function HeadsTable({ result: { sparse } }: { result: SparseResult }) {
  const patterns = useSparse((state) => state.patterns);
  const layer = usePage((state) => state.view.layer);
  const head = usePage((state) => state.view.head);
  const columns = useMemo(() => columnsOf((id) => patternTitle(patterns, id)), [patterns]);
  return (
    <Panel
      title="Head by head"
      about={
        <>
          <p>
            <em>Blocks visited</em> and <em>pairs kept</em>: shares of the causal blocks and of the causal
            query–key pairs. <em>Recall</em>: mean over tokens of the dense model’s attention inside the mask;
            1 keeps everything. <em>KL</em>: mean over tokens with anything kept of KL(sparse row ‖ dense row)
            = −ln recall of the row. <em>Blind rows</em>: tokens that are left nothing to look at.
          </p>
          <p>
            Recall is judged against the dense model’s pattern, so what earlier layers lost does not count
            here.
          </p>
        </>
      }
      table={() => headsTable(sparse, (id) => patternTitle(patterns, id))}
      images={false}
    >
      <SortedRows
        label="heads"
        columns={columns}
        rows={sparse.heads}
        keyOf={(row) => headName(row.layer, row.head)}
        by="recall"
        isChosen={(row) => row.layer === layer && row.head === head}
      />
    </Panel>
  );
}

function columnsOf(title: (pattern: string) => string): SortedColumn<SparseHead>[] {
  return [
    {
      id: 'head',
      title: 'Head',
      value: (row) => row.layer * 4096 + row.head,
      rising: true,
      width: '4rem',
      show: (row) => <HeadLink layer={row.layer} head={row.head} />,
    },
    {
      id: 'pattern',
      title: 'Pattern',
      value: (row) => title(row.pattern),
      rising: true,
      width: 'minmax(7rem, 2fr)',
      show: (row) => title(row.pattern),
    },
    share('visited', 'Blocks visited', (row) => row.visited),
    share('kept', 'Pairs kept', (row) => row.kept),
    { ...share('recall', 'Recall', (row) => row.recall), rising: true },
    { id: 'kl', title: 'KL, nats', value: (row) => row.kl, show: (row) => formatFixed(row.kl, 3) },
    {
      id: 'blind',
      title: 'Blind rows',
      value: (row) => row.blindRows,
      show: (row) => formatCount(row.blindRows),
    },
  ];
}

function share(id: string, title: string, value: (row: SparseHead) => number): SortedColumn<SparseHead> {
  return { id, title, value, show: (row) => formatPercent(value(row)) };
}
