import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useEffect, useId, useMemo, useRef } from 'react';
import type { Analysis } from '../../engine/protocol.ts';
import { steerFeatures } from '../../state/recipe-edits.ts';
import type { FeatureRow } from '../../state/rows.ts';
import { usePage } from '../../state/store.ts';
import { type Sort, SORTS } from '../../state/view-state.ts';
import { mark } from '../shared/colour.ts';
import { formatActivation, formatCount, formatPercent } from '../shared/format.ts';
import { LabelText } from '../shared/LabelText.tsx';
import { OwnLabel } from '../shared/OwnLabel.tsx';
import { Panel } from '../shared/Panel.tsx';
import { barsDrawing } from '../shared/bars-drawing.ts';
import { visibleText } from '../shared/visible-text.ts';
import { type Choice, listedValue, useFeatureRows } from './derived.ts';
import { FeatureFilters } from './FeatureFilters.tsx';
import { featuresTable } from './tables.ts';

const SORT_NAMES: Record<Sort, string> = {
  value: 'value (several tokens: sum)',
  sum: 'sum over the chosen tokens',
  mean: 'mean over the chosen tokens',
  max: 'largest value',
  contrast: 'contrast with the other tokens',
  index: 'number',
};
const ROW_HEIGHT = 46;
/** Bars drawn into an exported image. */
const DRAWN = 30;

interface ListProps {
  analysis: Analysis;
  choice: Choice;
  onPeek: (feature: number | null) => void;
}

/** The features on the chosen tokens, sorted and filtered without running the model again. */
export function FeatureList({ analysis, choice, onPeek }: ListProps) {
  const id = useId();
  const rows = useFeatureRows(analysis, choice);
  const sort = usePage((state) => state.view.sort);
  const change = usePage((state) => state.change);
  const several = choice.chosen.filter(Boolean).length > 1;
  return (
    <Panel
      title="Features"
      className="fill"
      about={
        <>
          <p>
            Features above zero on the chosen tokens; without a choice, on every token but the very first the
            model read (its beginning-of-text token, if it has one), whose activations are outliers. Values
            are activations in the dictionary’s own units.
          </p>
          <p>
            <em>Contrast</em>: mean over the chosen tokens minus mean over all others. Beside the number: the
            token on which it fired most in the Storyworld sample, once one was read, and after → the next
            tokens whose logit it raises most.
          </p>
        </>
      }
      table={() => featuresTable(rows)}
      drawing={() =>
        barsDrawing(
          rows.slice(0, DRAWN).map((row) => {
            const { value } = listedValue(row, sort, several);
            return { label: `#${row.index}`, value, shown: formatActivation(value), colour: mark.activation };
          }),
        )
      }
    >
      <p className="small">
        <ChosenText analysis={analysis} choice={choice} /> · {formatCount(rows.length)} features
      </p>
      <div className="strip-tools">
        <label htmlFor={`${id}-sort`}>Sort by</label>
        <select
          id={`${id}-sort`}
          value={sort}
          onChange={(event) => change({ sort: event.target.value as Sort })}
        >
          {SORTS.map((value) => (
            <option key={value} value={value}>
              {SORT_NAMES[value]}
            </option>
          ))}
        </select>
      </div>
      <FeatureFilters />
      {rows.length === 0 ? (
        <p className="quiet-text">No feature passes: choose other tokens or widen the filters.</p>
      ) : (
        <Rows rows={rows} several={several} onPeek={onPeek} />
      )}
    </Panel>
  );
}

function ChosenText({ analysis, choice }: { analysis: Analysis; choice: Choice }) {
  const { tokens } = analysis;
  if (choice.ranges.length > 0) {
    const text = choice.ranges
      .map(([from, to]) =>
        tokens
          .slice(from, to + 1)
          .map((token) => visibleText(token.text))
          .join(''),
      )
      .join(' … ');
    return <>on “{text.length > 60 ? `${text.slice(0, 60)}…` : text}”</>;
  }
  if (choice.active !== undefined)
    return (
      <>
        on token {choice.active + 1 - analysis.prefix} “{visibleText(tokens[choice.active]!.text)}”
      </>
    );
  return <>on the whole text</>;
}

function Rows({
  rows,
  several,
  onPeek,
}: {
  rows: readonly FeatureRow[];
  several: boolean;
  onPeek: ListProps['onPeek'];
}) {
  const scroller = useRef<HTMLDivElement>(null);
  const wantLabels = usePage((state) => state.wantLabels);
  const togglePin = usePage((state) => state.togglePin);
  const sort = usePage((state) => state.view.sort);
  const digest = usePage((state) => state.opened?.dictionary?.digest);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    getItemKey: (i) => rows[i]!.index,
    overscan: 6,
  });
  const items = virtual.getVirtualItems();
  const most = useMemo(
    () => rows.reduce((max, row) => Math.max(max, Math.abs(listedValue(row, sort, several).value)), 0),
    [rows, sort, several],
  );
  const visible = items.map(({ index }) => rows[index]!.index).join(',');
  useEffect(() => {
    if (visible !== '') void wantLabels(visible.split(',').map(Number));
  }, [visible, digest, wantLabels]);

  const focusRow = (i: number): void => {
    const to = Math.max(0, Math.min(rows.length - 1, i));
    virtual.scrollToIndex(to);
    // The row may only be drawn by the next frame.
    requestAnimationFrame(() =>
      scroller.current?.querySelector<HTMLElement>(`[data-at="${to}"] .feature-open`)?.focus(),
    );
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const at = Number((event.target as Element).closest<HTMLElement>('[data-at]')?.dataset.at);
    if (Number.isNaN(at) || event.ctrlKey || event.metaKey || event.altKey) return;
    const steps: Record<string, () => void> = {
      ArrowDown: () => focusRow(at + 1),
      ArrowUp: () => focusRow(at - 1),
      Home: () => focusRow(0),
      End: () => focusRow(rows.length - 1),
      p: () => togglePin(rows[at]!.index),
      P: () => togglePin(rows[at]!.index),
      s: () => steerFeatures([rows[at]!.index]),
      S: () => steerFeatures([rows[at]!.index]),
    };
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    step();
  };

  return (
    // Keys and pointer reach the buttons in the rows; here they are only listened for once.
    // oxlint-disable-next-line jsx-a11y/no-static-element-interactions
    <div ref={scroller} className="feature-rows" onKeyDown={onKeyDown} onPointerLeave={() => onPeek(null)}>
      <ul aria-label="Features" style={{ height: virtual.getTotalSize() }}>
        {items.map((item) => (
          // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
          <li
            key={item.key}
            data-at={item.index}
            aria-setsize={rows.length}
            aria-posinset={item.index + 1}
            style={{ transform: `translateY(${item.start}px)`, height: ROW_HEIGHT }}
            onPointerEnter={(event) => event.pointerType === 'mouse' && onPeek(rows[item.index]!.index)}
            onFocus={() => onPeek(rows[item.index]!.index)}
            onBlur={() => onPeek(null)}
          >
            <Row row={rows[item.index]!} several={several} most={most} />
          </li>
        ))}
      </ul>
    </div>
  );
}

function Row({ row, several, most }: { row: FeatureRow; several: boolean; most: number }) {
  const { index, density } = row;
  const opened = usePage((state) => state.view.feature === index);
  const pinned = usePage((state) => state.view.pins.includes(index));
  const label = usePage((state) => state.labels[index]);
  const topToken = usePage((state) => state.statistics?.topTokens[index]);
  const sort = usePage((state) => state.view.sort);
  const openFeature = usePage((state) => state.openFeature);
  const togglePin = usePage((state) => state.togglePin);
  const { value, name } = listedValue(row, sort, several);
  return (
    <div className={`feature-row${opened ? ' is-open' : ''}`}>
      <button
        type="button"
        className="feature-open"
        aria-pressed={opened}
        onClick={() => openFeature(index)}
        data-feature={index}
      >
        <span className="feature-index">#{index}</span>
        <span className="feature-label">
          <OwnLabel feature={index} />
          <LabelText label={label} topToken={topToken} />
        </span>
        <span className="feature-value number" title={name}>
          <span className="visually-hidden">{name} </span>
          {formatActivation(value)}
        </span>
        <span className="feature-bar" aria-hidden="true">
          <span
            style={{
              width: `${most > 0 ? (100 * Math.abs(value)) / most : 0}%`,
              backgroundColor: value < 0 ? mark.negative : mark.activation,
            }}
          />
        </span>
        <span className="feature-density small">
          {density === undefined ? '' : `${formatPercent(density)} of sample`}
        </span>
      </button>
      <button
        type="button"
        className="quiet row-steer"
        aria-label={`Steer with feature ${index}`}
        title="Steer with it (S)"
        tabIndex={-1}
        onClick={() => steerFeatures([index])}
      >
        Steer
      </button>
      <button
        type="button"
        className="quiet pin"
        aria-pressed={pinned}
        aria-label={`Pin feature ${index}`}
        title="Pin (P)"
        tabIndex={-1}
        onClick={() => togglePin(index)}
      >
        {pinned ? '★' : '☆'}
      </button>
    </div>
  );
}
