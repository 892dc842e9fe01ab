import { type FocusEvent, type KeyboardEvent, memo, type MouseEvent, useId, useMemo, useState } from 'react';
import {
  ABLATION,
  extentOf,
  isAblation,
  type Measure,
  orderOf,
  ordinal,
  ranksOf,
  ratioOf,
} from '../../state/head-measures.ts';
import { useHeads } from '../../state/heads.ts';
import { usePage } from '../../state/store.ts';
import type { ViewState } from '../../state/view-state.ts';
import { formatCount, formatFixed } from '../shared/format.ts';
import { Panel } from '../shared/Panel.tsx';
import { useWidth } from '../shared/useWidth.ts';
import { headName, measureText, measureTint, shortValue, useOldText } from './derived.ts';
import { gridDrawing } from './grid-drawing.ts';
import { measuresTable } from './tables.ts';
import { Work } from './Work.tsx';

/** A cell narrower than this, in CSS pixels, has no room for its value. */
const PRINTED = 27;

interface GridProps {
  measures: readonly Measure[];
  measure: Measure | undefined;
  /** Shows a head's page and goes there. */
  onOpen: (layer: number, head: number | null) => void;
}

/** Every head of the model, coloured by one measure. */
export function HeadGrid({ measures, measure, onOpen }: GridProps) {
  const model = usePage((state) => state.opened?.model);
  if (!model) return null;
  const { nLayers, nHeads } = model;
  return (
    <Panel
      title="Heads"
      about={
        <>
          {measure && (
            <p>
              <em>{measure.title}</em>
              {measure.unit && `, in ${measure.unit}`}: {measure.definition} {measure.note}
            </p>
          )}
          <p>
            One cell a head: layers from the top, heads from the left; 2.3 is head 3 of layer 2, both counted
            from 0. Scores are means over texts, each weighted by the tokens it has something to say about.
          </p>
          <p>
            Arrows walk, Enter opens a head, on the name of a layer the average of its heads; A adds a head to
            those ablated together, Esc leaves a head’s page.
          </p>
        </>
      }
      table={() => measuresTable(measures, nHeads)}
      drawing={() => (measure ? gridDrawing(measure, nLayers, nHeads) : null)}
    >
      <Tools measures={measures} measure={measure} />
      <Figures measure={measure} />
      <Cells nLayers={nLayers} nHeads={nHeads} measure={measure} onOpen={onOpen} />
    </Panel>
  );
}

function Tools({ measures, measure }: Pick<GridProps, 'measures' | 'measure'>) {
  const id = useId();
  const change = usePage((state) => state.change);
  const { score, corpus } = usePage((state) => state.view);
  const running = useHeads((state) => state.scores.running);
  const scores = measures.filter((found) => !isAblation(found.id));
  const effects = measures.filter((found) => isAblation(found.id));
  const known = measure !== undefined || score === ABLATION || score === '';
  return (
    <div className="strip-tools">
      <label htmlFor={`${id}-score`}>Colour by</label>
      <select
        id={`${id}-score`}
        value={measure?.id ?? score}
        onChange={(event) => change({ score: event.target.value })}
      >
        {!known && <option value={score}>{score}</option>}
        <optgroup label="Patterns and circuits">
          {scores.length === 0 && score === '' && (
            <option value="">{running ? 'measuring …' : 'not measured'}</option>
          )}
          {scores.map((found) => (
            <option key={found.id} value={found.id}>
              {found.title}
            </option>
          ))}
        </optgroup>
        <optgroup label="Cause">
          {effects.length === 0 && <option value={ABLATION}>loss rise when ablated (to be measured)</option>}
          {effects.map((found) => (
            <option key={found.id} value={found.id}>
              {found.title}
            </option>
          ))}
        </optgroup>
      </select>
      <label htmlFor={`${id}-corpus`}>over</label>
      <select
        id={`${id}-corpus`}
        value={corpus}
        onChange={(event) => change({ corpus: event.target.value as ViewState['corpus'] })}
      >
        <option value="storyworld">a Storyworld sample</option>
        <option value="text">the text above</option>
      </select>
    </div>
  );
}

/** What the numbers were measured on, and how to have more of it. */
function Figures({ measure }: { measure: Measure | undefined }) {
  const score = usePage((state) => state.view.score);
  const ablating = isAblation(measure?.id ?? score);
  const slot = ablating ? 'effects' : 'scores';
  const old = useOldText();
  const silent = measure?.values.every(Number.isNaN) ?? false;
  const value = useHeads((state) => state[slot].value);
  const wantScores = useHeads((state) => state.wantScores);
  const wantEffects = useHeads((state) => state.wantEffects);
  return (
    <Work slot={slot} what={ablating ? 'Ablating one head at a time' : 'Scoring heads'}>
      {value && (
        <>
          {formatCount(value.texts)} {value.texts === 1 ? 'text' : 'texts'},{' '}
          {formatCount(typeof value.tokens === 'number' ? value.tokens : (value.tokens[0] ?? 0))} tokens{' '}
          {old && '· of the text before '}
          {silent && '· this score finds nothing here to say anything about '}
          {value.corpus.kind === 'storyworld' && (
            <button
              type="button"
              className="quiet"
              onClick={() => void (ablating ? wantEffects(true) : wantScores(true))}
            >
              Read more texts
            </button>
          )}
        </>
      )}
    </Work>
  );
}

interface CellsProps extends Pick<GridProps, 'measure' | 'onOpen'> {
  nLayers: number;
  nHeads: number;
}

/** Column −1 is the layer's name. */
interface Place {
  layer: number;
  head: number;
}

const placeUnder = (target: EventTarget): Place | undefined => {
  const found = (target as Element).closest<HTMLElement>('[data-head]');
  return found ? { layer: Number(found.dataset.layer), head: Number(found.dataset.head) } : undefined;
};

/** A grid with one tab stop. */
function Cells({ nLayers, nHeads, measure, onOpen }: CellsProps) {
  const [ref, width] = useWidth<HTMLDivElement>();
  const { layer, head, ablated } = usePage((state) => state.view);
  const toggleAblated = useHeads((state) => state.toggleAblated);
  const [cursor, setCursor] = useState<Place>();
  const [under, setUnder] = useState<Place>();
  const stop = cursor ?? { layer: Math.min(layer ?? 0, nLayers - 1), head: Math.min(head ?? 0, nHeads - 1) };
  const extent = useMemo(() => (measure ? extentOf(measure) : ([0, 1] as [number, number])), [measure]);
  const ranks = useMemo(() => ranksOf(measure?.values ?? []), [measure]);
  const count = useMemo(() => ranks.filter((rank) => rank > 0).length, [ranks]);
  const off = useMemo(() => new Set(ablated.map((at) => headName(at.layer, at.head))), [ablated]);
  const printed = (width - 30) / nHeads >= PRINTED;

  const focusOn = ({ layer: l, head: h }: Place): void => {
    const to = { layer: Math.max(0, Math.min(nLayers - 1, l)), head: Math.max(-1, Math.min(nHeads - 1, h)) };
    setCursor(to);
    ref.current?.querySelector<HTMLElement>(`[data-layer="${to.layer}"][data-head="${to.head}"]`)?.focus();
  };
  const open = ({ layer: l, head: h }: Place): void => onOpen(l, h < 0 ? null : h);
  const onKeyDown = (event: KeyboardEvent): void => {
    const at = placeUnder(event.target);
    if (!at || event.altKey || event.metaKey) return;
    const far = event.ctrlKey;
    const steps: Record<string, (() => void) | undefined> = {
      ArrowRight: () => focusOn({ ...at, head: at.head + 1 }),
      ArrowLeft: () => focusOn({ ...at, head: at.head - 1 }),
      ArrowDown: () => focusOn({ ...at, layer: at.layer + 1 }),
      ArrowUp: () => focusOn({ ...at, layer: at.layer - 1 }),
      Home: () => focusOn({ layer: far ? 0 : at.layer, head: far ? 0 : -1 }),
      End: () => focusOn({ layer: far ? nLayers - 1 : at.layer, head: nHeads - 1 }),
      Enter: () => open(at),
      ' ': () => open(at),
      a: far || at.head < 0 ? undefined : () => toggleAblated(at),
    };
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    step();
  };
  const onClick = (event: MouseEvent): void => {
    const at = placeUnder(event.target);
    if (!at) return;
    setCursor(at);
    if (at.head >= 0 && (event.ctrlKey || event.metaKey)) toggleAblated(at);
    else open(at);
  };
  const shown = under ?? (layer !== null && head !== null ? { layer, head } : undefined);
  return (
    <div ref={ref} className="head-grid-box">
      <table
        // Its cells take the focus and are opened with Enter, as those of a grid do.
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-to-interactive-role
        role="grid"
        aria-label={measure ? `Heads by ${measure.title}` : 'Heads'}
        className={`head-grid${printed ? '' : ' is-dense'}`}
        onKeyDown={onKeyDown}
        onClick={onClick}
        onPointerOver={(event) => setUnder(placeUnder(event.target))}
        onPointerLeave={() => setUnder(undefined)}
        onFocus={(event: FocusEvent) => {
          const at = placeUnder(event.target);
          setUnder(at);
          if (at) setCursor(at);
        }}
        onBlur={() => setUnder(undefined)}
      >
        <thead>
          <tr>
            <td aria-label="Layer" />
            {Array.from({ length: nHeads }, (_, h) => (
              <th
                // A column is its number.
                // oxlint-disable-next-line react/no-array-index-key
                key={h}
                scope="col"
                aria-label={`Head ${h}`}
              >
                {printed || h % 4 === 0 ? h : ''}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {Array.from({ length: nLayers }, (_row, l) => (
            // oxlint-disable-next-line react/no-array-index-key
            <tr key={l}>
              <th
                scope="row"
                data-layer={l}
                data-head={-1}
                tabIndex={stop.layer === l && stop.head === -1 ? 0 : -1}
                aria-label={`Layer ${l}`}
                aria-selected={layer === l && head === null}
              >
                {l}
              </th>
              {Array.from({ length: nHeads }, (_, h) => {
                const at = l * nHeads + h;
                const value = measure?.values[at] ?? NaN;
                const isOff = off.has(headName(l, h));
                return (
                  <Cell
                    // oxlint-disable-next-line react/no-array-index-key
                    key={h}
                    layer={l}
                    head={h}
                    tint={
                      measure
                        ? measureTint(ratioOf(value, extent, measure.signed), measure.signed)
                        : 'transparent'
                    }
                    text={measure && printed ? shortValue(value) : ''}
                    label={`${measure ? measureText(measure, value) : 'not measured'}${ranks[at] ? `, ${ordinal(ranks[at])} of ${count}` : ''}${isOff ? ', ablated' : ''}`}
                    stop={stop.layer === l && stop.head === h}
                    open={layer === l && head === h}
                    off={isOff}
                  />
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
      <Legend measure={measure} extent={extent} />
      <p className="small head-readout" aria-hidden="true">
        <Readout measure={measure} ranks={ranks} count={count} nHeads={nHeads} place={shown} />
      </p>
    </div>
  );
}

interface CellProps extends Place {
  tint: string;
  text: string;
  label: string;
  stop: boolean;
  open: boolean;
  off: boolean;
}

const Cell = memo(function Cell({ layer, head, tint, text, label, stop, open, off }: CellProps) {
  return (
    <td
      data-layer={layer}
      data-head={head}
      tabIndex={stop ? 0 : -1}
      aria-label={label}
      aria-selected={open}
      className={`${open ? 'is-open' : ''}${off ? ' is-off' : ''}`}
      style={{ backgroundColor: tint }}
    >
      {text}
    </td>
  );
});

function Legend({
  measure,
  extent: [low, high],
}: {
  measure: Measure | undefined;
  extent: [number, number];
}) {
  if (!measure) return <p className="legend small">{'\u00a0'}</p>;
  const shown = (value: number): string => (Number.isInteger(value) ? String(value) : formatFixed(value, 2));
  return (
    <p className="legend small">
      {shown(low)}
      <span className={`ramp ${measure.signed ? 'ramp-effect' : 'ramp-attribution'}`} aria-hidden="true" />
      {shown(high)}
      {measure.unit && ` ${measure.unit}`}
      {measure.signed && ' · orange below 0, blue above'}
    </p>
  );
}

interface ReadoutProps {
  measure: Measure | undefined;
  ranks: Int32Array;
  count: number;
  nHeads: number;
  place: Place | undefined;
}

/** The head under the pointer, else the open one, else the first by this measure. */
function Readout({ measure, ranks, count, nHeads, place }: ReadoutProps) {
  if (place && place.head < 0) return <>layer {place.layer}: the average of its heads</>;
  const best = measure && orderOf(measure.values)[0];
  const at = place ? place.layer * nHeads + place.head : best;
  if (!measure || at === undefined) return <>{'\u00a0'}</>;
  const value = measure.values[at]!;
  const spread = measure.spread?.[at] ?? NaN;
  return (
    <>
      <strong>{headName(Math.floor(at / nHeads), at % nHeads)}</strong> {measure.title}:{' '}
      {measureText(measure, value)}
      {Number.isFinite(spread) && ` ± ${formatFixed(spread, 2)} between texts`}
      {ranks[at] ? `, ${ordinal(ranks[at])} of ${count}` : ''}
    </>
  );
}
