import { type CSSProperties, type ReactNode, useCallback, useMemo, useState } from 'react';
import './sorted-rows.css';
import { VirtualRows } from './VirtualRows.tsx';

export interface SortedColumn<Row> {
  id: string;
  title: string;
  /** What is sorted by. NaN comes last either way. */
  value: (row: Row) => number | string;
  show: (row: Row) => ReactNode;
  /** Track of the grid. Default `minmax(4.5rem, 1fr)`. */
  width?: string;
  /** Smallest first when it is first sorted by. */
  rising?: boolean;
}

interface SortedRowsProps<Row> {
  label: string;
  columns: readonly SortedColumn<Row>[];
  rows: readonly Row[];
  keyOf: (row: Row) => string;
  /** Sorted by at first. */
  by: string;
  isChosen?: (row: Row) => boolean;
  /** What other keys than those that walk do on a row. */
  keys?: (row: Row) => Readonly<Record<string, () => void>>;
  /** The row under the pointer, or with the focus. */
  onPeek?: (row: Row | null) => void;
  /** Rows that are drawn. */
  onSeen?: (rows: readonly Row[]) => void;
}

const ROW_HEIGHT = 32;

/** Rows under heads that sort them; of any length, since only what is in sight is drawn. */
export function SortedRows<Row>(props: SortedRowsProps<Row>) {
  const { label, columns, rows, keyOf, by, isChosen, keys, onPeek, onSeen } = props;
  const first = columns.find(({ id }) => id === by) ?? columns[0]!;
  const [order, setOrder] = useState({ by: first.id, rising: first.rising ?? false });
  const sorted = useMemo(() => {
    const column = columns.find(({ id }) => id === order.by) ?? first;
    return sortRows(rows, column.value, order.rising);
  }, [rows, columns, order, first]);
  const seen = useCallback(
    (from: number, to: number) => onSeen?.(sorted.slice(from, to + 1)),
    [sorted, onSeen],
  );
  const template = columns.map(({ width }) => width ?? 'minmax(4.5rem, 1fr)').join(' ');
  const look = { '--tracks': template, minWidth: `${columns.length * 5}rem` } as CSSProperties;
  return (
    <div className="sorted">
      <div className="sorted-inner" style={look}>
        <div className="sorted-head" role="group" aria-label={`Sort ${label}`}>
          {columns.map(({ id, title, rising = false }) => (
            <button
              key={id}
              type="button"
              className="quiet"
              aria-pressed={order.by === id}
              onClick={() => setOrder({ by: id, rising: order.by === id ? !order.rising : rising })}
            >
              {title}
              {order.by === id && (
                <>
                  <span aria-hidden="true">{order.rising ? ' ▲' : ' ▼'}</span>
                  <span className="visually-hidden">
                    {order.rising ? ', smallest first' : ', largest first'}
                  </span>
                </>
              )}
            </button>
          ))}
        </div>
        <VirtualRows
          label={label}
          count={sorted.length}
          rowHeight={ROW_HEIGHT}
          keyOf={(i) => keyOf(sorted[i]!)}
          keys={keys && ((i) => keys(sorted[i]!))}
          onPeek={onPeek && ((i) => onPeek(i === null ? null : (sorted[i] ?? null)))}
          onSeen={seen}
        >
          {(i) => (
            <div className={`sorted-row${isChosen?.(sorted[i]!) ? ' is-chosen' : ''}`}>
              {columns.map(({ id, title, show }) => (
                <span key={id}>
                  <span className="visually-hidden">{title} </span>
                  {show(sorted[i]!)}
                </span>
              ))}
            </div>
          )}
        </VirtualRows>
      </div>
    </div>
  );
}

/** Stable; NaN last whichever way. */
export function sortRows<Row>(
  rows: readonly Row[],
  value: (row: Row) => number | string,
  rising: boolean,
): Row[] {
  const none = (of: number | string): boolean => typeof of === 'number' && Number.isNaN(of);
  return [...rows].sort((a, b) => {
    const [left, right] = [value(a), value(b)];
    if (none(left) || none(right)) return Number(none(left)) - Number(none(right));
    if (left === right) return 0;
    return left < right === rising ? -1 : 1;
  });
}
