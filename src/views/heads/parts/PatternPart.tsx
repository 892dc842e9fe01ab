import { useDeferredValue, useId, useMemo, useState, useSyncExternalStore } from 'react';
import type { Analysis, PatternRecord } from '../../../engine/protocol.ts';
import { useHeads } from '../../../state/heads.ts';
import { usePage } from '../../../state/store.ts';
import type { ViewState } from '../../../state/view-state.ts';
import { type Choice, useChoice } from '../../shared/choice.ts';
import { activationRatio, attributionTint, effectTint } from '../../shared/colour.ts';
import { formatActivation, formatPercent } from '../../shared/format.ts';
import { Panel } from '../../shared/Panel.tsx';
import { TokenBoxes } from '../../shared/TokenBoxes.tsx';
import { visibleText } from '../../shared/visible-text.ts';
import { headName, shortValue, useAsking } from '../derived.ts';
import { patternTable, rowTable } from '../tables.ts';
import { Work } from '../Work.tsx';
import { paletteOf } from './palette.ts';
import { patternDrawing } from './pattern-drawing.ts';
import { largestIn, lineOf, patternPixels, sinkShare } from './pattern-pixels.ts';
import { type Cell, PatternMap } from './PatternMap.tsx';

type Weighting = PatternRecord['weighting'];

const WEIGHTED: Record<Weighting, { title: string; unit: string; about: string }> = {
  attention: {
    title: 'Attention',
    unit: 'share of the query’s attention',
    about:
      'A[t, s], the share of its attention that the query t (row) gives to the key s (column); a row adds up to 1.',
  },
  value: {
    title: 'Attention × length of what is written',
    unit: 'length in the residual stream',
    about:
      'A[t, s] · ‖v[s] W_O‖: how much the query really takes from the key. Attention that rests on a token with nothing to say disappears.',
  },
  scores: {
    title: 'Scores before the softmax',
    unit: 'scaled score',
    about: 'q[t] · k[s] · scale, before the softmax: only differences within a row matter.',
  },
};

const ZOOMS = [1, 2, 4, 8, 16, 32];

/** What a head looks at in the text: the whole pattern, and one token at a time. */
export default function PatternPart() {
  const analysis = usePage((state) => state.analysis);
  const wantPattern = useHeads((state) => state.wantPattern);
  const found = useHeads((state) => state.pattern);
  const choice = useChoice(analysis);
  useAsking(wantPattern);
  const pattern = found.value?.rows === analysis?.tokens.length ? found.value : undefined;
  return (
    <div className="pattern-part">
      <Pattern
        pattern={pattern}
        analysis={analysis}
        choice={choice}
        stale={found.key !== found.of}
        // Another pattern is looked at from its own beginning.
        key={analysis?.tokens.length ?? 0}
      />
    </div>
  );
}

/** Changes with the colours of the page. */
function useScheme(): string {
  return useSyncExternalStore(
    (told) => {
      const observer = new MutationObserver(told);
      observer.observe(document.documentElement, { attributeFilter: ['data-theme'] });
      return () => observer.disconnect();
    },
    () => document.documentElement.dataset.theme ?? '',
  );
}

/** @param _scheme what the colours are read from has changed with it */
const palettesOf = (signed: boolean, _scheme: string) => ({
  up: paletteOf(signed ? effectTint : attributionTint),
  down: paletteOf((ratio) => effectTint(-ratio)),
});

interface PatternProps {
  pattern: PatternRecord | undefined;
  analysis: Analysis | undefined;
  choice: Choice | undefined;
  stale: boolean;
}

function Pattern({ pattern, analysis, choice, stale }: PatternProps) {
  const { layer, head, weighting } = usePage((state) => state.view);
  const select = usePage((state) => state.select);
  const [withoutFirst, setWithoutFirst] = useState(true);
  const [zoom, setZoom] = useState(1);
  const [cursor, setCursor] = useState<Cell>();
  const [byKey, setByKey] = useState(false);
  const scheme = useScheme();
  const signed = pattern?.weighting === 'scores';
  const palettes = useMemo(() => palettesOf(signed, scheme), [signed, scheme]);
  const scale = useMemo(
    () => ({ max: pattern ? largestIn(pattern.values, pattern.rows, withoutFirst) : 0, signed }),
    [pattern, withoutFirst, signed],
  );
  const name = head === null ? `the average of layer ${layer}` : `head ${headName(layer!, head)}`;
  const shown = pattern && analysis && choice ? { pattern, analysis, choice } : undefined;
  const { title, about, unit } = WEIGHTED[weighting];
  const row = cursor?.query ?? choice?.active ?? (analysis?.tokens.length ?? 1) - 1;
  return (
    <>
      <Panel
        title="Pattern"
        about={
          <>
            <p>
              <em>{title}</em>: {about}
            </p>
            <p>
              Rows are queries, the tokens that look; columns are keys, the tokens looked at. What lies above
              the diagonal is hidden from a query. Colours: log₁₀(1 + 9 · value / largest). Where a dot of the
              screen stands for several cells it shows the largest.
            </p>
            <p>
              Arrows walk the cells (with Shift, ten at a time), Enter or a click chooses the query as the
              token everything else is about.
            </p>
          </>
        }
        table={() => (shown ? patternTable(shown.pattern.values, shown.analysis) : { columns: [], rows: [] })}
        shownTable={() =>
          shown
            ? rowTable(
                lineOf(shown.pattern.values, shown.pattern.rows, row, 'keys'),
                shown.analysis,
                `${title} of ${tokenName(shown.analysis, row)}, ${unit}`,
              )
            : { columns: [], rows: [] }
        }
        textColumns={[1]}
        drawing={() =>
          shown
            ? patternDrawing(
                patternPixels(shown.pattern.values, shown.pattern.rows, 1, scale, palettes),
                shown.analysis.tokens,
                `${name}: ${title.toLowerCase()}, ${signed ? '−' : '0 … '}${formatActivation(scale.max)}${signed ? ` … ${formatActivation(scale.max)}` : ''}`,
              )
            : null
        }
      >
        <Tools withoutFirst={withoutFirst} onWithoutFirst={setWithoutFirst} zoom={zoom} onZoom={setZoom} />
        <Work slot="pattern" what={`Reading ${name}`}>
          {pattern && <Legend pattern={pattern} max={scale.max} withoutFirst={withoutFirst} />}
        </Work>
        <div className={`pattern-map${stale ? ' is-stale' : ''}`} aria-busy={stale}>
          {shown ? (
            <PatternMap
              values={shown.pattern.values}
              analysis={shown.analysis}
              scale={scale}
              palettes={palettes}
              zoom={zoom}
              active={shown.choice.active}
              cursor={cursor}
              onCursor={(cell, keyed) => {
                setCursor(cell);
                setByKey(keyed);
              }}
              onChoose={({ query }) => select(query)}
              label={`Attention pattern of ${name}, ${shown.pattern.rows} by ${shown.pattern.rows}`}
            />
          ) : (
            <div className="pattern-frame" />
          )}
        </div>
        <p className="small pattern-readout" aria-live={byKey ? 'polite' : 'off'}>
          {shown && <Readout {...shown} cell={cursor} />}
        </p>
      </Panel>
      {shown && <Strip {...shown} withoutFirst={withoutFirst} scale={scale.signed} pointed={cursor?.query} />}
    </>
  );
}

interface ToolsProps {
  withoutFirst: boolean;
  onWithoutFirst: (without: boolean) => void;
  zoom: number;
  onZoom: (zoom: number) => void;
}

function Tools({ withoutFirst, onWithoutFirst, zoom, onZoom }: ToolsProps) {
  const id = useId();
  const weighting = usePage((state) => state.view.weighting);
  const change = usePage((state) => state.change);
  const at = ZOOMS.indexOf(zoom);
  return (
    <div className="strip-tools">
      <label htmlFor={id}>Show</label>
      <select
        id={id}
        value={weighting}
        onChange={(event) => change({ weighting: event.target.value as Weighting })}
      >
        {Object.entries(WEIGHTED).map(([value, { title }]) => (
          <option key={value} value={value}>
            {title}
          </option>
        ))}
      </select>
      <label className="check">
        <input
          type="checkbox"
          checked={withoutFirst}
          onChange={(event) => onWithoutFirst(event.target.checked)}
        />{' '}
        first token out of the colour scale
      </label>
      <span className="row zoom" role="group" aria-label="Size of the map">
        <button type="button" aria-label="Smaller" disabled={at <= 0} onClick={() => onZoom(ZOOMS[at - 1]!)}>
          −
        </button>
        <button type="button" disabled={at === 0} onClick={() => onZoom(1)}>
          Fit
        </button>
        <button
          type="button"
          aria-label="Larger"
          disabled={at >= ZOOMS.length - 1}
          onClick={() => onZoom(ZOOMS[at + 1]!)}
        >
          +
        </button>
      </span>
    </div>
  );
}

/** The colour scale, and what leaving the first token out of it leaves out. */
function Legend({
  pattern,
  max,
  withoutFirst,
}: {
  pattern: PatternRecord;
  max: number;
  withoutFirst: boolean;
}) {
  const { weighting, values, rows } = pattern;
  const share = useMemo(() => sinkShare(values, rows), [values, rows]);
  const signed = weighting === 'scores';
  return (
    <>
      <span className="legend">
        {signed ? `−${formatActivation(max)}` : '0'}
        <span className={`ramp ${signed ? 'ramp-effect' : 'ramp-attribution'}`} aria-hidden="true" />
        {formatActivation(max)} {WEIGHTED[weighting].unit}
      </span>
      {weighting === 'attention' && Number.isFinite(share) && (
        <span className="sink">
          {' '}
          · the first token takes {formatPercent(share)} of the attention here
          {withoutFirst ? ' and is left out of the scale' : ''}
        </span>
      )}
    </>
  );
}

interface Shown {
  pattern: PatternRecord;
  analysis: Analysis;
  choice: Choice;
}

const tokenName = ({ tokens, prefix }: Analysis, row: number): string =>
  `“${visibleText(tokens[row]?.text ?? '')}” (${row + 1 - prefix})`;

function Readout({
  pattern: { values, rows, weighting },
  analysis,
  cell,
}: Shown & { cell: Cell | undefined }) {
  if (!cell || cell.query >= rows)
    return <>Point at a cell, or walk with the arrows: its query, its key, its value.</>;
  const { query, key } = cell;
  const value = values[query * rows + key]!;
  if (key > query) {
    return (
      <>
        {tokenName(analysis, query)} cannot see {tokenName(analysis, key)}, which comes later
      </>
    );
  }
  return (
    <>
      {tokenName(analysis, query)} looks at {tokenName(analysis, key)}:{' '}
      <strong>{weighting === 'attention' ? formatPercent(value) : formatActivation(value)}</strong>
      {weighting === 'attention' ? ' of its attention' : ` ${WEIGHTED[weighting].unit}`}
    </>
  );
}

interface StripProps extends Shown {
  withoutFirst: boolean;
  /** Whether values have a sign. */
  scale: boolean;
  /** Query under the pointer on the map. */
  pointed: number | undefined;
}

/** One token's attention over the text, or the attention it gets. */
function Strip({ pattern, analysis, choice, withoutFirst, scale: signed, pointed }: StripProps) {
  const id = useId();
  const way = usePage((state) => state.view.way);
  const change = usePage((state) => state.change);
  const [peek, setPeek] = useState<number | null>(null);
  const last = analysis.tokens.length - 1;
  // The map answers the pointer at once; a thousand boxes may follow a little later.
  const row = useDeferredValue(Math.min(last, peek ?? pointed ?? choice.active ?? last));
  const line = useMemo(() => lineOf(pattern.values, pattern.rows, row, way), [pattern, row, way]);
  const max = line.reduce(
    (most, value, other) => (withoutFirst && other === 0 ? most : Math.max(most, Math.abs(value) || 0)),
    0,
  );
  // What only the map shows, as its crosshair, leaves a thousand boxes alone.
  const boxes = useMemo(
    () => (
      <TokenBoxes
        analysis={analysis}
        choice={choice}
        label="Tokens by attention"
        several={false}
        onPeek={setPeek}
        look={(other) => {
          const value = line[other]!;
          const hidden = Number.isNaN(value);
          const ratio = Math.sign(value) * activationRatio(Math.abs(value), max);
          return {
            tint: hidden ? 'transparent' : signed ? effectTint(ratio) : attributionTint(ratio),
            sub: hidden ? '' : shortValue(value),
            spoken: hidden
              ? 'hidden by the causal mask'
              : pattern.weighting === 'attention'
                ? formatPercent(value)
                : formatActivation(value),
          };
        }}
      />
    ),
    [analysis, choice, line, max, signed, pattern.weighting],
  );
  const { unit } = WEIGHTED[pattern.weighting];
  return (
    <Panel
      title="Token by token"
      about={
        <>
          <p>
            The chosen token (without a choice, the last; under the pointer, that one) and how much it looks
            at each other token, or each later token looks at it: {unit}. The scale is this token’s own.
          </p>
          <p>← → walk the tokens, Esc clears the choice.</p>
        </>
      }
      table={() => rowTable(line, analysis, unit)}
      textColumns={[1]}
    >
      <div className="strip-tools">
        <label htmlFor={id}>Tint by</label>
        <select
          id={id}
          value={way}
          onChange={(event) => change({ way: event.target.value as ViewState['way'] })}
        >
          <option value="keys">what it looks at</option>
          <option value="queries">what looks at it</option>
        </select>
        <span>
          {tokenName(analysis, row)} {way === 'keys' ? 'looks at' : 'is looked at by'}
        </span>
      </div>
      {boxes}
    </Panel>
  );
}
