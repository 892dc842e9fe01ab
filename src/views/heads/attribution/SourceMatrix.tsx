import { type KeyboardEvent, type PointerEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { Panel } from '../../shared/Panel.tsx';
import { useWidth } from '../../shared/useWidth.ts';
import { spokenText, visibleText } from '../../shared/visible-text.ts';
import { formatPercent } from '../../shared/format.ts';
import { type HeadLine, headName, largestAt, signed } from './derive.ts';
import { columnWidth, LINE, type MatrixData, matrixDrawing, paintMatrix, SUMS } from './matrix-drawing.ts';
import { matrixTable } from './tables.ts';
import type { SourceProps } from './SourceStrip.tsx';

interface Cell {
  line: number;
  source: number;
}

interface SourceMatrixProps extends SourceProps {
  title: string;
  about: ReactNode;
  lines: readonly HeadLine[];
  /** Lines left out, with what they bring together. */
  others?: { count: number; value: number };
  /** What all lines, and whatever else there is, add up to. */
  total: number;
}

/** Heads × tokens they read: every cell a number and a way in. One tab stop, arrows inside, Enter goes in. */
export function SourceMatrix(props: SourceMatrixProps) {
  const { title, about, lines, others, total, analysis, last, numberOf, positionOf, onStep, peek, onPeek } =
    props;
  const [scroller, width] = useWidth<HTMLDivElement>();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [chosen, setChosen] = useState<Cell>();
  const [pointed, setPointed] = useState<Cell>();
  const moved = useRef(false);
  const columns = last + 1;
  const cell = columnWidth(width, columns);
  const texts = analysis.tokens.map(({ text }) => text);
  const data: MatrixData = { lines, columns, texts };
  const cursor = chosen && chosen.line < lines.length && chosen.source < columns ? chosen : largestCell(data);

  useEffect(() => {
    const paint = (): void => {
      const names = analysis.tokens.map(({ text }) => text);
      if (canvas.current) paintMatrix(canvas.current, { lines, columns, texts: names }, cell);
    };
    paint();
    return onScheme(paint);
  }, [lines, columns, analysis, cell]);
  const cursorX = cursor.source * cell;
  useEffect(() => {
    scrollTo(scroller.current, cursorX, cell);
  }, [cursorX, cell, scroller]);

  if (lines.length === 0) return null;
  const valueAt = ({ line, source }: Cell): number => lines[line]!.bySource[source]!;
  const step = ({ line, source }: Cell): void => onStep(lines[line]!, source);
  const onKeyDown = (event: KeyboardEvent): void => {
    const steps: Record<string, Partial<Cell>> = {
      ArrowRight: { source: cursor.source + 1 },
      ArrowLeft: { source: cursor.source - 1 },
      ArrowDown: { line: cursor.line + 1 },
      ArrowUp: { line: cursor.line - 1 },
      PageDown: { source: cursor.source + 10 },
      PageUp: { source: cursor.source - 10 },
      Home: { source: 0 },
      End: { source: last },
    };
    const to = steps[event.key];
    if (!to || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    moved.current = true;
    const { line, source } = { ...cursor, ...to };
    const next = { line: within(line, lines.length), source: within(source, columns) };
    setChosen(next);
    onPeek(next.source);
  };
  const cellUnder = (event: PointerEvent | React.MouseEvent): Cell | undefined => {
    const box = event.currentTarget.getBoundingClientRect();
    const line = Math.floor((event.clientY - box.top - SUMS) / LINE);
    const source = within(Math.floor((event.clientX - box.left) / cell), columns);
    return line >= 0 && line < lines.length ? { line, source } : undefined;
  };
  const read = pointed ?? cursor;
  const words = ({ line, source }: Cell, textOf: (text: string) => string): string =>
    `head ${headName(lines[line]!)} from ${numberOf(source)} “${textOf(texts[source]!)}”: ${signed(valueAt({ line, source }))}`;
  return (
    <Panel
      title={title}
      about={about}
      table={() => matrixTable(props.analysis, lines, columns, positionOf)}
      textColumns={[1]}
      drawing={() => matrixDrawing(data)}
    >
      <div className="matrix">
        <ol className="matrix-lines" style={{ paddingTop: SUMS }} aria-label="Heads and their sums">
          {lines.map((line, i) => (
            <li
              key={headName(line)}
              style={{ height: LINE }}
              className={read.line === i ? 'is-read' : undefined}
            >
              {headName(line)} <span className="number">{signed(line.value)}</span>
            </li>
          ))}
        </ol>
        <div ref={scroller} className="matrix-scroll">
          {/* The button in it is the keyboard's way to every cell. */}
          {/* oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-static-element-interactions */}
          <div
            className="matrix-cells"
            style={{ width: columns * cell }}
            onPointerMove={(event) => {
              if (event.pointerType !== 'mouse') return;
              const under = cellUnder(event);
              setPointed(under);
              onPeek(under?.source ?? null);
            }}
            onPointerLeave={() => {
              setPointed(undefined);
              onPeek(null);
            }}
            onClick={(event) => {
              const under = cellUnder(event);
              // Keys arrive at the button; a finger chooses first and goes in with a second tap.
              if (!under || event.detail === 0) return;
              const touch = (event.nativeEvent as globalThis.PointerEvent).pointerType === 'touch';
              const same = under.line === cursor.line && under.source === cursor.source;
              setChosen(under);
              if (!touch || same) step(under);
            }}
          >
            <canvas
              ref={canvas}
              role="img"
              aria-label={`${title}: ${lines.length} heads, ${columns} tokens`}
            />
            {peek !== null && peek < columns && (
              <span className="matrix-band" style={{ left: peek * cell, width: cell }} />
            )}
            <button
              // A new button for every cell: that the focus moves is what a screen reader tells.
              key={`${cursor.line} ${cursor.source}`}
              type="button"
              className="matrix-cursor"
              style={{ left: cursorX, top: SUMS + cursor.line * LINE, width: cell, height: LINE }}
              aria-label={`${words(cursor, spokenText)}. Go in`}
              ref={(button) => {
                if (!button || !moved.current) return;
                moved.current = false;
                button.focus({ preventScroll: true });
              }}
              onKeyDown={onKeyDown}
              onFocus={() => onPeek(cursor.source)}
              onBlur={() => onPeek(null)}
              onClick={(event) => event.detail === 0 && step(cursor)}
            />
          </div>
        </div>
      </div>
      <p className="small matrix-readout">
        {words(read, visibleText)}
        {total !== 0 && ` (${formatPercent(valueAt(read) / total)} of ${signed(total)})`}
        {others &&
          others.count > 0 &&
          ` · ${others.count} other heads bring ${signed(others.value)} together`}
      </p>
    </Panel>
  );
}

function scrollTo(box: HTMLElement | null, x: number, width: number): void {
  if (box && (x < box.scrollLeft || x + width > box.scrollLeft + box.clientWidth))
    box.scrollTo({ left: x - box.clientWidth / 2 });
}

const within = (index: number, count: number): number => Math.max(0, Math.min(count - 1, index));

function largestCell({ lines, columns }: MatrixData): Cell {
  const best = lines.map(({ bySource }) => largestAt(bySource.subarray(0, columns)));
  const line = largestAt(best.map((source, i) => lines[i]!.bySource[source]!));
  return { line, source: best[line] ?? 0 };
}

/** A canvas must be painted anew in another colour scheme. */
function onScheme(told: () => void): () => void {
  const observer = new MutationObserver(told);
  observer.observe(document.documentElement, { attributeFilter: ['data-theme'] });
  return () => observer.disconnect();
}
