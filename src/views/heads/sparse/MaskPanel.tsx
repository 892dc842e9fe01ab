import { create } from 'd3';
import { type KeyboardEvent, type PointerEvent, useEffect, useMemo, useRef, useState } from 'react';
import type { Analysis } from '../../../engine/protocol.ts';
import { rowOf } from '../../../state/rows.ts';
import { shownHead, type SparseResult } from '../../../state/sparse.ts';
import { usePage } from '../../../state/store.ts';
import { useTheme } from '../../../state/theme.ts';
import { formatFixed, formatPercent } from '../../shared/format.ts';
import { Panel } from '../../shared/Panel.tsx';
import { TokenText } from '../../shared/TokenText.tsx';
import { useWidth } from '../../shared/useWidth.ts';
import { headName } from '../derived.ts';
import { type HeadMask, queryRows } from './derived.ts';
import { drawMask } from './mask-canvas.ts';
import { MaskDetail } from './MaskDetail.tsx';
import { maskPicture } from './mask-picture.ts';
import { maskTable } from './tables.ts';

const LARGEST = 640;

/** One head's mask over the pattern it cuts. */
export function MaskPanel({ result: { sparse, analysis } }: { result: SparseResult }) {
  const layer = usePage((state) => state.view.layer);
  const head = usePage((state) => state.view.head);
  const shown = shownHead({ layer, head });
  const found = sparse.masks.find((mask) => mask.layer === shown.layer && mask.head === shown.head);
  const canvas = useRef<HTMLCanvasElement>(null);
  return (
    <Panel
      title="Mask over the pattern"
      about={
        <>
          <p>
            Row: the token that looks (query). Column: the token looked at (key). Amber: attention of the
            dense model that the mask keeps, stronger for more. Grey: pairs the mask leaves out; attention of
            at least 1 % lost there is outlined in blue, filled where cells are too small for an outline.
            Above the diagonal no token can look.
          </p>
          <p>
            The scale is log₁₀(1 + 9 · A) for A from 0 to 1. Where a cell stands for several pairs it shows
            the strongest. Point at a pair, or walk with the arrow keys: Page keys go a block, Home and End to
            the ends of the row, Enter chooses the query.
          </p>
        </>
      }
      table={() => (found ? maskTable(found, analysis) : { columns: ['position'], rows: [] })}
      textColumns={[1, 5]}
      drawing={() => canvasDrawing(canvas.current)}
      images={found !== undefined}
    >
      {found ? (
        <Mask found={found} analysis={analysis} blockSize={sparse.blockSize} canvasRef={canvas} />
      ) : (
        <p className="quiet-text">
          Head {headName(shown.layer, shown.head)} has no entry above: it attends as it was trained. Put it
          under a pattern, or choose a head of the table.
        </p>
      )}
    </Panel>
  );
}

/** The canvas as a drawing for export. */
function canvasDrawing(canvas: HTMLCanvasElement | null): SVGSVGElement | null {
  if (!canvas) return null;
  const side = canvas.getBoundingClientRect().width || LARGEST;
  const drawing = create('svg:svg').attr('width', side).attr('height', side);
  drawing.append('image').attr('width', side).attr('height', side).attr('href', canvas.toDataURL());
  return drawing.node() as SVGSVGElement;
}

interface MaskProps {
  found: HeadMask;
  analysis: Analysis;
  blockSize: number;
  canvasRef: React.RefObject<HTMLCanvasElement | null>;
}

export interface Pair {
  query: number;
  key: number;
}

function Mask({ found, analysis, blockSize, canvasRef }: MaskProps) {
  const [frame, width] = useWidth<HTMLDivElement>();
  const select = usePage((state) => state.select);
  const active = usePage((state) => state.view.active);
  const rows = analysis.tokens.length;
  const side = Math.min(LARGEST, width);
  const pixels = Math.round(side * Math.min(2, globalThis.devicePixelRatio || 1));
  const picture = useMemo(() => maskPicture(found, rows, pixels), [found, rows, pixels]);
  const queries = useMemo(() => queryRows(found, rows), [found, rows]);
  const [walked, setWalked] = useState<Pair>();
  const chosen = (active === null ? undefined : rowOf(analysis, active)) ?? rows - 1;
  const { missed } = queries[chosen]!;
  const pair = walked && walked.query < rows ? walked : { query: chosen, key: missed < 0 ? chosen : missed };

  useEffect(() => {
    const canvas = canvasRef.current;
    if (!canvas) return undefined;
    const draw = (): void => drawMask(canvas, picture);
    draw();
    // By the next frame the document has the new colours.
    const later = (): number => requestAnimationFrame(draw);
    const system = matchMedia('(prefers-color-scheme: dark)');
    system.addEventListener('change', later);
    const end = useTheme.subscribe(later);
    return () => {
      system.removeEventListener('change', later);
      end();
    };
  }, [canvasRef, picture]);

  const onPointer = (event: PointerEvent<HTMLElement>): void => {
    const box = event.currentTarget.getBoundingClientRect();
    const at = (place: number, size: number): number =>
      Math.max(0, Math.min(rows - 1, Math.floor((place / size) * rows)));
    setWalked({
      query: at(event.clientY - box.top, box.height),
      key: at(event.clientX - box.left, box.width),
    });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const { query, key } = pair;
    const steps: Record<string, Pair> = {
      ArrowRight: { query, key: key + 1 },
      ArrowLeft: { query, key: key - 1 },
      ArrowDown: { query: query + 1, key },
      ArrowUp: { query: query - 1, key },
      PageDown: { query: query + blockSize, key },
      PageUp: { query: query - blockSize, key },
      Home: { query, key: 0 },
      End: { query, key: query },
    };
    const step = steps[event.key];
    if ((!step && event.key !== 'Enter') || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    if (!step) return select(query);
    const within = (row: number): number => Math.max(0, Math.min(rows - 1, row));
    setWalked({ query: within(step.query), key: within(step.key) });
  };

  const { kept, lost } = queries[pair.query]!;
  return (
    <div className="mask">
      <div ref={frame} className="mask-frame">
        {/* Walked by arrow keys; what is under the cursor is said beside it. */}
        {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions */}
        <div
          className="mask-square"
          style={{ width: side, height: side }}
          role="application"
          // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
          tabIndex={0}
          aria-label={`Mask of head ${headName(found.layer, found.head)} over its pattern, ${rows} by ${rows}; arrow keys walk its pairs`}
          onKeyDown={onKeyDown}
          onPointerMove={onPointer}
          onPointerDown={onPointer}
          onClick={() => select(pair.query)}
        >
          <canvas ref={canvasRef} width={pixels} height={pixels} aria-hidden="true" />
          <Cross at={pair.query} rows={rows} side="top" />
          <Cross at={pair.key} rows={rows} side="left" />
        </div>
      </div>
      <div className="mask-side">
        <output className="mask-readout" aria-live="polite">
          <PairText pair={pair} found={found} analysis={analysis} />
          <span className="small">
            This query keeps {formatPercent(kept)} of its attention and loses {formatPercent(lost)}.
          </span>
        </output>
        <MaskDetail found={found} analysis={analysis} pair={pair} />
        <Legend />
      </div>
    </div>
  );
}

function Cross({ at, rows, side }: { at: number; rows: number; side: 'top' | 'left' }) {
  const length = side === 'top' ? 'height' : 'width';
  return (
    <span
      className={`mask-cross is-${side}`}
      aria-hidden="true"
      style={{ [side]: `${(100 * at) / rows}%`, [length]: `max(2px, ${100 / rows}%)` }}
    />
  );
}

function PairText({ pair, found, analysis }: { pair: Pair; found: HeadMask; analysis: Analysis }) {
  const { query, key } = pair;
  const { tokens, prefix } = analysis;
  const at = query * tokens.length + key;
  const state =
    key > query
      ? 'comes later: no token looks ahead'
      : `A ${formatFixed(found.dense[at]!, 3)}, ${found.mask[at] ? 'kept' : 'left out'}`;
  return (
    <span>
      {query + 1 - prefix} <TokenText text={tokens[query]!.text} /> → {key + 1 - prefix}{' '}
      <TokenText text={tokens[key]!.text} />: <strong data-figure="pair">{state}</strong>
    </span>
  );
}

function Legend() {
  return (
    <ul className="mask-legend small" aria-label="What the colours mean">
      <li>
        <span className="swatch is-kept" aria-hidden="true" /> kept, by attention
      </li>
      <li>
        <span className="swatch is-out" aria-hidden="true" /> left out
      </li>
      <li>
        <span className="swatch is-lost" aria-hidden="true" /> left out with attention on it
      </li>
    </ul>
  );
}
