import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, type ReactNode, useRef } from 'react';
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
}

/** A list of any length of which only what is in sight is drawn. Arrow keys, Home and End walk its rows. */
export function VirtualRows({ label, count, rowHeight, keyOf, children, passive }: VirtualRowsProps) {
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
    if (Number.isNaN(at) || event.ctrlKey || event.metaKey || event.altKey) return;
    const steps: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: count - 1 };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    focusRow(step);
  };
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
        {virtual.getVirtualItems().map((item) => (
          <li
            key={item.key}
            data-at={item.index}
            aria-setsize={count}
            aria-posinset={item.index + 1}
            style={{ transform: `translateY(${item.start}px)`, height: rowHeight }}
          >
            {children(item.index)}
          </li>
        ))}
      </ul>
    </div>
  );
}
