import {
  type KeyboardEvent,
  type PointerEvent,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from 'react';
import type { Analysis } from '../../../engine/protocol.ts';
import { shortValue } from '../derived.ts';
import { bitmapOf, colour } from './palette.ts';
import { shortName } from './pattern-drawing.ts';
import {
  cellAt,
  type Layout,
  layoutOf,
  patternPixels,
  type PatternScale,
  rowsInSight,
} from './pattern-pixels.ts';
import { stepByKey } from '../../shared/keys.ts';

export interface Cell {
  query: number;
  key: number;
}

interface MapProps {
  /** [T, T] */
  values: Float32Array;
  analysis: Analysis;
  scale: PatternScale;
  palettes: { up: Uint32Array; down: Uint32Array };
  zoom: number;
  /** Row of the chosen token. */
  active: number | undefined;
  cursor: Cell | undefined;
  /** @param byKey moved with the arrows, not under the pointer */
  onCursor: (cell: Cell | undefined, byKey: boolean) => void;
  onChoose: (cell: Cell) => void;
  label: string;
}

/** A cell this large has its number printed. */
const PRINTED = 34;

/**
 * The whole pattern on a canvas: drawn once to a bitmap, of which each frame copies what is in sight, so that a thousand
 * tokens scroll, zoom and are pointed at without being drawn again.
 */
export function PatternMap(props: MapProps) {
  const { values, analysis, scale, palettes, zoom, active, cursor, onCursor, onChoose, label } = props;
  const rows = analysis.tokens.length;
  const frame = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const size = useFrameSize(frame);
  const dots = Math.min(3, window.devicePixelRatio || 1);
  const layout = useMemo(() => layoutOf(rows, size, zoom), [rows, size, zoom]);
  const pool = Math.max(1, Math.floor(1 / (layout.cell * dots)));
  const bitmap = useMemo(
    () => bitmapOf(patternPixels(values, rows, pool, scale, palettes)),
    [values, rows, pool, scale, palettes],
  );

  // What was in the middle stays there when the map grows.
  const middle = useRef({ x: 0, y: 0 });
  useLayoutEffect(() => {
    const box = frame.current!;
    box.scrollTo(middle.current.x * layout.extent - size / 2, middle.current.y * layout.extent - size / 2);
  }, [layout.extent, size]);

  const paint = useRef<() => void>(() => {});
  useLayoutEffect(() => {
    paint.current = () => {
      if (!canvas.current || !frame.current) return;
      const { scrollLeft: left, scrollTop: top } = frame.current;
      const view = { size, dots, left, top };
      draw(canvas.current, {
        layout,
        bitmap,
        pool,
        view,
        values,
        rows,
        active,
        cursor,
        tokens: analysis.tokens,
      });
    };
    paint.current();
  });
  const onScroll = (): void => {
    const { scrollLeft, scrollTop } = frame.current!;
    middle.current = {
      x: (scrollLeft + size / 2) / layout.extent,
      y: (scrollTop + size / 2) / layout.extent,
    };
    paint.current();
  };

  const cellUnder = (event: PointerEvent | React.MouseEvent): Cell | undefined => {
    const box = frame.current!;
    const { left, top } = box.getBoundingClientRect();
    const scroll = { left: box.scrollLeft, top: box.scrollTop };
    return cellAt(layout, rows, event.clientX - left, event.clientY - top, scroll);
  };
  const go = (cell: Cell): void => {
    const clamp = (at: number): number => Math.max(0, Math.min(rows - 1, at));
    const to = { query: clamp(cell.query), key: clamp(cell.key) };
    to.key = Math.min(to.key, to.query);
    onCursor(to, true);
    const box = frame.current!;
    const into = (at: number, from: number): number => {
      const start = at * layout.cell;
      const room = size - layout.gutter - layout.cell;
      return start < from ? start : start > from + room ? start - room : from;
    };
    box.scrollTo(into(to.key, box.scrollLeft), into(to.query, box.scrollTop));
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const at = cursor ?? { query: active ?? rows - 1, key: 0 };
    const far = event.shiftKey ? 10 : 1;
    stepByKey(event, {
      ArrowRight: () => go({ ...at, key: at.key + far }),
      ArrowLeft: () => go({ ...at, key: at.key - far }),
      ArrowDown: () => go({ ...at, query: at.query + far }),
      ArrowUp: () => go({ ...at, query: at.query - far }),
      Home: () => go({ ...at, key: 0 }),
      End: () => go({ ...at, key: at.query }),
      Enter: () => onChoose(at),
      ' ': () => onChoose(at),
    });
  };
  return (
    // One thing to point at and to walk with arrows; its numbers are told below, and stand in the table.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <div
      ref={frame}
      className="pattern-frame"
      role="application"
      aria-label={label}
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={0}
      onKeyDown={onKeyDown}
      onScroll={onScroll}
      onPointerMove={(event) => event.pointerType !== 'touch' && onCursor(cellUnder(event), false)}
      onPointerLeave={(event) => event.pointerType !== 'touch' && onCursor(undefined, false)}
      onClick={(event) => {
        const cell = cellUnder(event);
        if (!cell) return;
        onCursor(cell, false);
        onChoose(cell);
      }}
    >
      <div style={{ width: layout.extent, height: layout.extent }} className="pattern-extent">
        <canvas ref={canvas} className="pattern-canvas" style={{ width: size, height: size }} />
      </div>
    </div>
  );
}

/** Inner width of a square frame, followed as it changes. */
function useFrameSize(frame: React.RefObject<HTMLDivElement | null>): number {
  const [size, setSize] = useState(320);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      if (entry) setSize(Math.max(120, Math.floor(entry.contentRect.width)));
    });
    observer.observe(frame.current!);
    return () => observer.disconnect();
  }, [frame]);
  return size;
}

interface Drawn {
  layout: Layout;
  bitmap: HTMLCanvasElement;
  pool: number;
  view: { size: number; dots: number; left: number; top: number };
  values: Float32Array;
  rows: number;
  active: number | undefined;
  cursor: Cell | undefined;
  tokens: Analysis['tokens'];
}

function draw(canvas: HTMLCanvasElement, drawn: Drawn): void {
  const { layout, bitmap, pool, view, rows, active, cursor } = drawn;
  const { size, dots, left, top } = view;
  const { cell, gutter } = layout;
  const side = Math.round(size * dots);
  if (canvas.width !== side) {
    canvas.width = side;
    canvas.height = side;
  }
  const context = canvas.getContext('2d')!;
  context.setTransform(dots, 0, 0, dots, 0, 0);
  context.fillStyle = colour('--surface');
  context.fillRect(0, 0, size, size);
  const x = (key: number): number => gutter - left + key * cell;
  const y = (query: number): number => gutter - top + query * cell;

  context.save();
  context.beginPath();
  context.rect(gutter, gutter, size - gutter, size - gutter);
  context.clip();
  // What no query may look at is a little darker, so that nothing and hidden are not the same.
  context.fillStyle = colour('--surface-sunk');
  context.fillRect(x(0), y(0), rows * cell, rows * cell);
  context.imageSmoothingEnabled = false;
  const shown = bitmap.width * pool * cell;
  context.drawImage(bitmap, x(0), y(0), shown, shown);
  if (cell >= PRINTED) printValues(context, drawn, x, y);
  const thick = Math.max(1, cell);
  if (cursor) {
    context.fillStyle = colour('--ink');
    context.globalAlpha = 0.1;
    context.fillRect(x(0), y(cursor.query), rows * cell, thick);
    context.fillRect(x(cursor.key), y(0), thick, rows * cell);
    context.globalAlpha = 1;
    context.strokeStyle = colour('--ink');
    context.strokeRect(x(cursor.key) - 0.5, y(cursor.query) - 0.5, thick + 1, thick + 1);
  }
  if (active !== undefined) {
    context.strokeStyle = colour('--accent');
    context.lineWidth = 1.5;
    context.strokeRect(x(0), y(active), rows * cell, thick);
  }
  context.restore();
  if (gutter > 0) nameTokens(context, drawn, x, y);
}

type ToPixel = (at: number) => number;

function printValues(
  context: CanvasRenderingContext2D,
  { values, rows, layout: { cell, gutter }, view }: Drawn,
  x: ToPixel,
  y: ToPixel,
): void {
  const inSight = (scroll: number): [number, number] => rowsInSight(scroll, view.size - gutter, cell, rows);
  const [firstKey, lastKey] = inSight(view.left);
  const [firstQuery, lastQuery] = inSight(view.top);
  context.font = `10px ${colour('--font')}`;
  context.fillStyle = colour('--ink');
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  for (let query = firstQuery; query <= lastQuery; query++) {
    for (let key = firstKey; key <= Math.min(query, lastKey); key++)
      context.fillText(shortValue(values[query * rows + key]!), x(key + 0.5), y(query) + cell / 2);
  }
}

/** Names of the queries in sight at the left, of the keys above; the crosshair's and the chosen one's stand out. */
function nameTokens(context: CanvasRenderingContext2D, drawn: Drawn, x: ToPixel, y: ToPixel): void {
  const { layout, view, rows, tokens, active, cursor } = drawn;
  const { gutter, cell } = layout;
  const inSight = (scroll: number): [number, number] => rowsInSight(scroll, view.size - gutter, cell, rows);
  const [firstQuery, lastQuery] = inSight(view.top);
  const [firstKey, lastKey] = inSight(view.left);
  const ink = colour('--ink');
  const quiet = colour('--ink-quiet');
  const accent = colour('--accent');
  context.font = `${Math.min(12, Math.max(9, cell - 1)).toFixed(0)}px ${colour('--mono')}`;
  context.textBaseline = 'middle';
  const name = (row: number, pointed: boolean): string => {
    context.fillStyle = row === active ? accent : pointed ? ink : quiet;
    return shortName(tokens[row]!.text);
  };
  context.save();
  context.beginPath();
  context.rect(0, gutter, gutter, view.size - gutter);
  context.clip();
  context.textAlign = 'right';
  for (let row = firstQuery; row <= lastQuery; row++)
    context.fillText(name(row, row === cursor?.query), gutter - 6, y(row + 0.5), gutter - 8);
  context.restore();
  context.save();
  context.beginPath();
  context.rect(gutter, 0, view.size - gutter, gutter);
  context.clip();
  context.textAlign = 'left';
  for (let row = firstKey; row <= lastKey; row++) {
    const shown = name(row, row === cursor?.key);
    context.save();
    context.translate(x(row + 0.5), gutter - 6);
    context.rotate(-Math.PI / 2);
    context.fillText(shown, 0, 0, gutter - 8);
    context.restore();
  }
  context.restore();
}
