import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, type ReactNode, useEffect, useRef } from 'react';
import { stepByKey } from './keys.ts';
import './virtual-rows.css';

interface VirtualRowsProps {
  label: string;
  count: number;
  /** Of each row, in CSS pixels. */
  rowHeight: number;
  keyOf: (index: number) => string;
  /** The row's content; its first button or link is what arrow keys move to. */
  children: (index: number) => ReactNode;
  /** Nothing in the rows takes the focus, so the list itself does, to be scrolled. */
  passive?: boolean;
  /** What other keys do on a row. */
  keys?: (index: number) => Readonly<Record<string, () => void>>;
  /** The row under the pointer, or with the focus. */
  onPeek?: (index: number | null) => void;
  /** First and last row that are drawn. */
  onSeen?: (first: number, last: number) => void;
}

/** A list of any length of which only what is in sight is drawn. Arrow keys, Home and End walk its rows. */
export function VirtualRows(props: VirtualRowsProps) {
  const { label, count, rowHeight, keyOf, children, passive, keys, onPeek, onSeen } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    getItemKey: keyOf,
    overscan: 6,
  });
  const focusRow = (index: number): void => {
    const to = Math.max(0, Math.min(count - 1, index));
    virtual.scrollToIndex(to);
    // The row may only be drawn by the next frame.
    requestAnimationFrame(() =>
      scroller.current?.querySelector<HTMLElement>(`[data-at="${to}"] :is(button, a)`)?.focus(),
    );
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const at = Number((event.target as Element).closest<HTMLElement>('[data-at]')?.dataset.at);
    if (Number.isNaN(at)) return;
    stepByKey(event, {
      ...keys?.(at),
      ArrowDown: () => focusRow(at + 1),
      ArrowUp: () => focusRow(at - 1),
      Home: () => focusRow(0),
      End: () => focusRow(count - 1),
    });
  };
  const items = virtual.getVirtualItems();
  const [first, last] = [items[0]?.index, items.at(-1)?.index];
  useEffect(() => {
    if (first !== undefined && last !== undefined) onSeen?.(first, last);
  }, [first, last, onSeen]);
  return (
    // Scrollable parts must be reachable by keyboard; where rows hold buttons, keys are only listened for here.
    // oxlint-disable-next-line jsx-a11y/no-static-element-interactions
    <div
      ref={scroller}
      className="virtual-rows"
      onKeyDown={onKeyDown}
      {...(passive ? { tabIndex: 0, role: 'group', 'aria-label': label } : {})}
    >
      <ul aria-label={label} style={{ height: virtual.getTotalSize() }}>
        {items.map((item) => (
          // Pointer and focus reach what is in the row; here they are only watched.
          // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
          <li
            key={item.key}
            data-at={item.index}
            aria-setsize={count}
            aria-posinset={item.index + 1}
            {...(onPeek && {
              onPointerEnter: () => onPeek(item.index),
              onPointerLeave: () => onPeek(null),
              onFocus: () => onPeek(item.index),
              onBlur: () => onPeek(null),
            })}
            style={{ transform: `translateY(${item.start}px)`, height: rowHeight }}
          >
            {children(item.index)}
          </li>
        ))}
      </ul>
    </div>
  );
}
