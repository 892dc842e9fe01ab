import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useMemo, useRef, useState } from 'react';
import { extentOf, type Measure, orderOf, ranksOf, ratioOf } from '../../state/head-measures.ts';
import { useHeads } from '../../state/heads.ts';
import { usePage } from '../../state/store.ts';
import { formatActivation } from '../shared/format.ts';
import { barsDrawing } from '../shared/bars-drawing.ts';
import { mark } from '../shared/colour.ts';
import { Panel } from '../shared/Panel.tsx';
import { headName, measureText } from './derived.ts';
import { measuresTable } from './tables.ts';

const ROW_HEIGHT = 33;
/** Bars drawn into an exported image. */
const DRAWN = 30;

interface RankingProps {
  measures: readonly Measure[];
  measure: Measure | undefined;
  nHeads: number;
  onOpen: (layer: number, head: number | null) => void;
}

interface Order {
  /** Id of a measure; empty: the heads' own order. */
  by: string;
  rising: boolean;
}

/** All heads as a table to sort: the top heads by the chosen score, or by any other. */
export function Ranking({ measures, measure, nHeads, onOpen }: RankingProps) {
  const chosen = measure?.id ?? '';
  const [order, setOrder] = useState<{ of: string } & Order>({ of: chosen, by: chosen, rising: false });
  // Choosing another score sorts by it.
  const { by, rising } = order.of === chosen ? order : { by: chosen, rising: false };
  const sorting = measures.find(({ id }) => id === by);
  const rows = useMemo(() => {
    const count = measures[0]?.values.length ?? 0;
    const own = Array.from({ length: count }, (_, at) => at);
    if (!sorting) return rising ? own : own.toReversed();
    const known = orderOf(sorting.values);
    const unknown = own.filter((at) => Number.isNaN(sorting.values[at]));
    return [...(rising ? known.toReversed() : known), ...unknown];
  }, [measures, sorting, rising]);
  const shown = measure ?? measures[0];
  return (
    <Panel
      title="Top heads"
      className="fill"
      about={
        <>
          <p>
            Every head with every score, largest first by the chosen one; a column’s title sorts by it, once
            more turns it round. Enter opens a head.
          </p>
          {measures.map(({ id, title, definition }) => (
            <p key={id}>
              <em>{title}</em>: {definition}
            </p>
          ))}
        </>
      }
      table={() => measuresTable(measures, nHeads)}
      drawing={() =>
        shown
          ? barsDrawing(
              orderOf(shown.values)
                .slice(0, DRAWN)
                .map((at) => ({
                  label: headName(Math.floor(at / nHeads), at % nHeads),
                  value: shown.values[at]!,
                  shown: formatActivation(shown.values[at]!),
                  colour: shown.values[at]! < 0 ? mark.negative : mark.attribution,
                })),
            )
          : null
      }
    >
      {rows.length === 0 && (
        <p className="quiet-text" role="status">
          Heads are listed here once a first score of them is known.
        </p>
      )}
      <Rows
        rows={rows}
        measures={measures}
        chosen={shown}
        order={{ by, rising }}
        onOrder={(next) => setOrder({ of: chosen, ...next })}
        nHeads={nHeads}
        onOpen={onOpen}
      />
    </Panel>
  );
}

interface RowsProps extends Omit<RankingProps, 'measure'> {
  rows: readonly number[];
  chosen: Measure | undefined;
  order: Order;
  onOrder: (order: Order) => void;
}

function Rows({ rows, measures, chosen, order, onOrder, nHeads, onOpen }: RowsProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const { layer, head } = usePage((state) => state.view);
  const openHead = useHeads((state) => state.openHead);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    getItemKey: (i) => rows[i]!,
    overscan: 6,
  });
  const ranks = useMemo(() => ranksOf(chosen?.values ?? []), [chosen]);
  const others = useMemo(() => measures.filter((found) => found !== chosen), [measures, chosen]);
  const items = virtual.getVirtualItems();
  const before = items[0]?.start ?? 0;
  const after = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);

  const focusRow = (index: number): void => {
    const to = Math.max(0, Math.min(rows.length - 1, index));
    virtual.scrollToIndex(to);
    // The row may only be drawn by the next frame.
    requestAnimationFrame(() =>
      scroller.current?.querySelector<HTMLElement>(`[data-at="${to}"] button`)?.focus(),
    );
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const at = Number((event.target as Element).closest<HTMLElement>('[data-at]')?.dataset.at);
    if (Number.isNaN(at) || event.ctrlKey || event.metaKey || event.altKey) return;
    const steps: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      Home: 0,
      End: rows.length - 1,
    };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    focusRow(step);
  };
  const header = (id: string, title: string) => (
    <th
      key={id}
      scope="col"
      aria-sort={order.by === id ? (order.rising ? 'ascending' : 'descending') : undefined}
    >
      <button
        type="button"
        className="quiet sort"
        onClick={() => onOrder({ by: id, rising: order.by === id ? !order.rising : id === '' })}
      >
        {title}
        <span aria-hidden="true">{order.by === id ? (order.rising ? ' ↑' : ' ↓') : ''}</span>
      </button>
    </th>
  );
  return (
    // Scrollable parts must be reachable by keyboard: rows hold buttons, keys are only listened for here.
    // oxlint-disable-next-line jsx-a11y/no-static-element-interactions
    <div ref={scroller} className="ranking" onKeyDown={onKeyDown}>
      <table aria-rowcount={rows.length + 1} aria-label="Heads and their scores">
        <thead>
          <tr>
            <th scope="col">rank</th>
            {header('', 'head')}
            {chosen && header(chosen.id, chosen.title)}
            {others.map(({ id, title }) => header(id, title))}
          </tr>
        </thead>
        <tbody>
          {before > 0 && <tr aria-hidden="true" className="ranking-gap" style={{ height: before }} />}
          {items.map(({ index, key }) => {
            const at = rows[index]!;
            const [l, h] = [Math.floor(at / nHeads), at % nHeads];
            const isOpen = layer === l && head === h;
            return (
              <tr key={key} data-at={index} aria-rowindex={index + 2} className={isOpen ? 'is-open' : ''}>
                <td className="number">{ranks[at] || '–'}</td>
                <th scope="row">
                  <button
                    type="button"
                    className="quiet"
                    aria-label={`Open head ${headName(l, h)}`}
                    aria-current={isOpen ? 'true' : undefined}
                    onClick={(event) => (event.detail === 0 ? onOpen(l, h) : openHead(l, h))}
                  >
                    {headName(l, h)}
                  </button>
                </th>
                {chosen && <ChosenCell measure={chosen} value={chosen.values[at]!} />}
                {others.map(({ id, values }) => (
                  <td key={id} className="number">
                    {formatActivation(values[at]!)}
                  </td>
                ))}
              </tr>
            );
          })}
          {after > 0 && <tr aria-hidden="true" className="ranking-gap" style={{ height: after }} />}
        </tbody>
      </table>
    </div>
  );
}

/** The value with its bar. */
function ChosenCell({ measure, value }: { measure: Measure; value: number }) {
  const ratio = ratioOf(value, extentOf(measure), measure.signed);
  return (
    <td className="ranking-chosen">
      <span className="bar-track" aria-hidden="true">
        <span
          className="bar"
          style={{
            width: `${Number.isNaN(ratio) ? 0 : (100 * Math.abs(ratio)).toFixed(1)}%`,
            backgroundColor: ratio < 0 ? mark.negative : measure.signed ? mark.positive : mark.attribution,
          }}
        />
      </span>
      <span className="number">{measureText(measure, value)}</span>
    </td>
  );
}
