import { useId, useMemo, useState } from 'react';
import type { LabelSummary, ToldLabel } from '../../state/label-table.ts';
import { usePage } from '../../state/store.ts';
import { formatActivation, formatFixed, formatPercent } from '../shared/format.ts';
import { type SortedColumn, SortedRows } from '../shared/SortedRows.tsx';
import { found, meaningOf } from './label-tables.ts';

/** Every label with its latent, to sort and to filter. */
export function LabelRows({ summary }: { summary: LabelSummary }) {
  const id = useId();
  const [words, setWords] = useState('');
  const rows = useMemo(() => found(summary, words), [summary, words]);
  const columns = useMemo(() => columnsOf(summary), [summary]);
  return (
    <>
      <div className="row">
        <label htmlFor={id}>Filter</label>
        <input
          id={id}
          type="search"
          value={words}
          placeholder="label, meaning or dictionary"
          onChange={(event) => setWords(event.target.value)}
        />
        <span className="small" role="status">
          {rows.length === summary.rows.length ? '' : `${rows.length} of ${summary.rows.length} labels`}
        </span>
      </div>
      {rows.length > 0 && (
        <SortedRows label="labels" columns={columns} rows={rows} keyOf={({ label }) => label} by="f1" />
      )}
    </>
  );
}

function columnsOf(summary: LabelSummary): SortedColumn<ToldLabel>[] {
  return [
    {
      id: 'label',
      title: 'Label',
      width: 'minmax(8rem, 1.4fr)',
      value: ({ label }) => label,
      rising: true,
      show: ({ label }) => <span title={label}>{label}</span>,
    },
    {
      id: 'meaning',
      title: 'Meaning',
      width: 'minmax(9rem, 3fr)',
      value: ({ label }) => meaningOf(summary, label),
      rising: true,
      show: ({ label }) => <span title={meaningOf(summary, label)}>{meaningOf(summary, label)}</span>,
    },
    { id: 'rate', title: 'Rate', value: ({ rate }) => rate, show: ({ rate }) => formatPercent(rate) },
    {
      id: 'dictionary',
      title: 'Dictionary',
      width: 'minmax(9rem, 1.6fr)',
      value: ({ dictionary }) => dictionary,
      rising: true,
      show: ({ dictionary }) => <span title={dictionary}>{dictionary}</span>,
    },
    {
      id: 'latent',
      title: 'Latent',
      value: ({ feature }) => (feature < 0 ? NaN : feature),
      rising: true,
      show: (row) => <LatentLink row={row} />,
    },
    {
      id: 'threshold',
      title: 'Threshold',
      width: '5.5rem',
      value: ({ threshold }) => threshold,
      show: ({ threshold }) => formatActivation(threshold),
    },
    share('precision', 'Precision', ({ precision }) => precision),
    share('recall', 'Recall', ({ recall }) => recall),
    { id: 'f1', title: 'F1', value: ({ f1 }) => f1, show: ({ f1 }) => formatFixed(f1, 3) },
  ];
}

function share(id: string, title: string, value: (row: ToldLabel) => number): SortedColumn<ToldLabel> {
  return { id, title, value, show: (row) => formatPercent(value(row)) };
}

/** Goes to the latent's page, in its own dictionary. */
function LatentLink({ row: { feature, dictionary, label } }: { row: ToldLabel }) {
  const choose = usePage((state) => state.chooseDictionary);
  const openFeature = usePage((state) => state.openFeature);
  if (feature < 0) return <>–</>;
  const open = async (): Promise<void> => {
    // The number means another feature in another dictionary.
    if (usePage.getState().opened?.dictionary?.id !== dictionary) await choose(dictionary);
    if (usePage.getState().opened?.dictionary?.id === dictionary) openFeature(feature);
  };
  return (
    <button
      type="button"
      className="link"
      aria-label={`Open feature ${feature} of ${dictionary}, which tells ${label}`}
      onClick={() => void open()}
    >
      #{feature}
    </button>
  );
}
