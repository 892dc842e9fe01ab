import { useMemo } from 'react';
import type { EffectInfo, Sweep, SweepPoint } from '../../engine/protocol.ts';
import { usePage } from '../../state/store.ts';
import { formatFixed, formatPercent, formatSigned } from '../shared/format.ts';
import { type SortedColumn, SortedRows } from '../shared/SortedRows.tsx';
import { changesAt, type EffectChange } from './sweep-derived.ts';

interface SweepEffectsProps {
  effects: readonly EffectInfo[];
  sweep: Sweep;
  point: SweepPoint;
}

/** What else changes at the strength that is looked at. */
export function SweepEffects({ effects, sweep, point }: SweepEffectsProps) {
  const chosen = usePage((state) => state.view.effect);
  const rows = useMemo(() => changesAt(effects, sweep, point), [effects, sweep, point]);
  return (
    <>
      <h3>Every property at strength {formatFixed(point.strength)}, largest change first</h3>
      <SortedRows
        label="properties"
        columns={COLUMNS}
        rows={rows}
        keyOf={({ id }) => id}
        by="change"
        isChosen={({ id }) => id === chosen}
      />
    </>
  );
}

function Property({ row: { id, title } }: { row: EffectChange }) {
  const change = usePage((state) => state.change);
  return (
    <button type="button" className="link" onClick={() => change({ effect: id })}>
      {title}
    </button>
  );
}

const COLUMNS: readonly SortedColumn<EffectChange>[] = [
  {
    id: 'title',
    title: 'Property',
    width: 'minmax(9rem, 2fr)',
    value: ({ title }) => title,
    rising: true,
    show: (row) => <Property row={row} />,
  },
  {
    id: 'change',
    title: 'Change',
    value: (row) => Math.abs(row.change),
    show: (row) => `${formatSigned(100 * row.change)} pp`,
  },
  { id: 'base', title: 'Without', value: (row) => row.base, show: (row) => formatPercent(row.base) },
  {
    id: 'rate',
    title: 'With',
    value: (row) => row.rate,
    show: (row) => `${formatPercent(row.rate)} ± ${formatPercent(row.error)}`,
    width: 'minmax(8rem, 1fr)',
  },
  {
    id: 'ratio',
    title: 'Ratio',
    value: (row) => row.ratio,
    show: (row) => (Number.isNaN(row.ratio) ? '–' : `${formatFixed(row.ratio, 1)} ×`),
  },
];
