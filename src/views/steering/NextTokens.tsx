import { scaleLinear } from 'd3';
import { useMemo } from 'react';
import type { Analysis } from '../../engine/protocol.ts';
import { rowsActedOn } from '../../state/recipe-steps.ts';
import { positionOf, type ReadWindow } from '../../state/rows.ts';
import { type Compared, rowOfView, useSteer } from '../../state/steer.ts';
import { usePage } from '../../state/store.ts';
import { ClearTokens } from '../shared/ClearTokens.tsx';
import { attributionTint } from '../shared/colour.ts';
import { useChoice } from '../shared/choice.ts';
import { formatFixed, formatNats, formatSigned } from '../shared/format.ts';
import { Panel } from '../shared/Panel.tsx';
import { TokenBoxes, type TokenLook } from '../shared/TokenBoxes.tsx';
import { TokenText } from '../shared/TokenText.tsx';
import { Trouble } from '../shared/Trouble.tsx';
import { useWidth } from '../shared/useWidth.ts';
import { spokenText, visibleText } from '../shared/visible-text.ts';
import { ARM } from './next-drawing.ts';
import { lossesOf, tokensTable } from './next-rows.ts';

const HEIGHT = 92;
const LEFT = 38;
const BOTTOM = 16;

type Boxes = Pick<Analysis, 'tokens' | 'prefix'>;

/** The tokens that are read: of the text, or of the chat it is put into once that is known. */
function useRead(analysis: Analysis): { boxes: Boxes; window: ReadWindow; result: Compared | undefined } {
  const chat = usePage((state) => state.view.chat);
  const newest = useSteer((state) => state.result);
  return useMemo(() => {
    const same = newest && newest.chat === chat && (chat || newest.analysis === analysis);
    const result = same ? newest : undefined;
    if (!chat || !result) return { boxes: analysis, window: analysis, result };
    const { tokens, windowStart } = result.comparison;
    const { prefix } = analysis;
    const boxes = tokens.map((text, row) => ({
      id: -1,
      text,
      start: 0,
      end: 0,
      part: 0,
      ofParts: 1,
      special: row < prefix || /^<.*>$/.test(text),
    }));
    // Counted as steps are asked for: from the first token of the chat.
    return {
      boxes: { tokens: boxes, prefix },
      window: { prefix, windowStart, windowTokens: tokens.length - prefix },
      result,
    };
  }, [analysis, newest, chat]);
}

/** Every token with how far the prediction after it moves; brushing here chooses tokens for steps. */
export function NextTokens({ analysis }: { analysis: Analysis }) {
  const steer = usePage((state) => state.view.steer);
  const frozen = usePage((state) => state.view.frozen);
  const change = usePage((state) => state.change);
  const { boxes, window, result } = useRead(analysis);
  const acted = useMemo(
    () =>
      rowsActedOn(
        steer,
        window,
        boxes.tokens.map(({ special }) => special),
      ),
    [steer, window, boxes],
  );
  const textChoice = useChoice(analysis);
  const chat = usePage((state) => state.view.chat);
  const view = usePage((state) => state.view);
  const choice = chat && textChoice ? { ...textChoice, active: rowOfView(view, analysis) } : textChoice;
  const kl = result?.comparison.steered.kl;
  const most = kl ? Math.max(0, ...kl) : 0;
  const on = steer.some(({ off }) => !off);
  const look = (row: number): TokenLook => {
    const moved = kl?.[row] ?? 0;
    return {
      tint: attributionTint(most > 0 ? moved / most : 0),
      sub: moved >= 0.005 ? formatFixed(moved, moved >= 9.95 ? 0 : 2) : '',
      spoken: [acted[row] ? 'a step acts here' : '', kl ? `KL ${formatNats(moved)}` : '']
        .filter(Boolean)
        .join('; '),
      underline: acted[row] ? 1 : undefined,
    };
  };
  return (
    <Panel
      title="Token by token"
      about={
        <>
          <p>
            Number and tint: KL(as is ‖ steered) of the next-token distribution after each token, in nats: how
            far the prediction there moves. Underlined: tokens that a step acts on. Before the first of these
            nothing changes, since a token is read only by those after it.
          </p>
          <p>
            Loss: −ln p(token | tokens before it), mean over the text. <em>Attention frozen</em>: steered, but
            with every attention pattern as it is without steering, so that what is left went through values
            and MLPs alone.
          </p>
          <p>
            Choose a token to see what follows it (none: the last). Drag, or Shift with ← →, brushes several,
            and a step can be set to act on those.
          </p>
        </>
      }
      table={() =>
        result
          ? tokensTable(result.comparison, (row) => positionOf(window, row), acted)
          : { columns: [], rows: [] }
      }
      textColumns={[1]}
    >
      <div className="strip-tools">
        {most > 0 && (
          <span className="legend small">
            KL, nats 0
            <span className="ramp ramp-attribution" aria-hidden="true" />
            {formatFixed(most)}
          </span>
        )}
        <label className="tick-box">
          <input
            type="checkbox"
            checked={frozen}
            onChange={(event) => change({ frozen: event.target.checked })}
          />{' '}
          also with attention frozen
        </label>
        <span className="grow" />
        <ClearTokens choice={choice} />
      </div>
      {choice && <TokenBoxes analysis={boxes} choice={choice} label="Tokens" look={look} />}
      <State on={on} acted={acted.some(Boolean)} steps={steer.length} />
      {result && (
        <>
          <LossLine result={result} boxes={boxes} />
          <KlChart result={result} boxes={boxes} acted={acted} active={choice?.active} />
        </>
      )}
    </Panel>
  );
}

/** What goes on, and what to do. Keeps its height. */
function State({ on, acted, steps }: { on: boolean; acted: boolean; steps: number }) {
  const running = useSteer((state) => state.running);
  const problem = useSteer((state) => state.problem);
  const result = useSteer((state) => state.result);
  const again = useSteer((state) => state.again);
  if (problem) {
    return (
      <>
        <Trouble error={problem} />
        <p>
          <button type="button" onClick={again}>
            Try again
          </button>
        </p>
      </>
    );
  }
  if (!on) {
    return (
      <p className="quiet-text">
        {steps > 0
          ? 'Every step is switched off.'
          : 'Add a step to the recipe, or take a suggestion, and see here what it does to every prediction.'}
      </p>
    );
  }
  if (running && !result) return <p role="status">Reading the text with and without the recipe …</p>;
  return (
    <p className="small next-state">
      {acted ? '' : 'No step acts on a token that is read now: what is generated may still change. '}
      {running ? (
        'catching up …'
      ) : result ? (
        <>
          {result.comparison.resumedAt > 0 && `read again from layer ${result.comparison.resumedAt} on, in `}
          {formatFixed(result.comparison.usage.elapsedMs, 0)} ms
        </>
      ) : (
        '\u00a0'
      )}
    </p>
  );
}

function LossLine({ result: { comparison }, boxes }: { result: Compared; boxes: Boxes }) {
  const select = usePage((state) => state.select);
  const { base, steered, frozen, kl, first } = lossesOf(comparison);
  return (
    <p className="small figures">
      loss {formatFixed(base, 3)} → <strong data-figure="steered loss">{formatFixed(steered, 3)}</strong> (
      {formatSigned(steered - base, 3)}
      {frozen !== undefined && `; attention frozen ${formatSigned(frozen - base, 3)}`}) nats a token
      {first !== undefined && (
        <>
          {' · KL '}
          <strong data-figure="mean kl">{formatNats(kl)}</strong> a token from{' '}
          <button
            type="button"
            className="link"
            aria-label={`Choose the first token after which the prediction moves, ${spokenText(boxes.tokens[first]?.text ?? '')}`}
            onClick={() => select(first)}
          >
            <TokenText text={boxes.tokens[first]?.text ?? ''} />
          </button>{' '}
          on
        </>
      )}
    </p>
  );
}

/** KL after each token, as bars in the order of the tokens. */
function KlChart({
  result,
  boxes,
  acted,
  active,
}: {
  result: Compared;
  boxes: Boxes;
  acted: readonly boolean[];
  active: number | undefined;
}) {
  const [ref, width] = useWidth<HTMLDivElement>();
  const select = usePage((state) => state.select);
  const { steered, frozen } = result.comparison;
  const { tokens, prefix } = boxes;
  const most = Math.max(0.01, ...steered.kl, ...(frozen?.kl ?? []));
  const x = scaleLinear([0, Math.max(1, tokens.length)], [LEFT, width]);
  const y = scaleLinear([0, most], [HEIGHT - BOTTOM, 6]).nice(3);
  const step = x(1) - x(0);
  const peak = steered.kl.reduce((best, value, row) => (value > steered.kl[best]! ? row : best), 0);
  const shown = active ?? tokens.length - 1;
  return (
    <div ref={ref}>
      {/* The tokens above are the keyboard's way to the same choice. */}
      {/* oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-noninteractive-element-interactions */}
      <svg
        width={width}
        height={HEIGHT}
        role="img"
        aria-label={`KL from as is to steered after ${tokens.length} tokens, most after ${visibleText(tokens[peak]?.text ?? '')}, ${formatNats(steered.kl[peak] ?? 0)}`}
        onClick={(event) => {
          const row = Math.floor(x.invert(event.clientX - event.currentTarget.getBoundingClientRect().left));
          if (row >= 0 && row < tokens.length) select(row, event.shiftKey);
        }}
      >
        <rect x={x(shown)} y={0} width={step} height={HEIGHT - BOTTOM} fill="var(--accent-soft)" />
        {y.ticks(3).map((tick) => (
          <g key={tick}>
            <line className="grid-line" x1={LEFT} x2={width} y1={y(tick)} y2={y(tick)} />
            <text className="tick" x={LEFT - 6} y={y(tick)} textAnchor="end" dominantBaseline="middle">
              {tick}
            </text>
          </g>
        ))}
        {Array.from(steered.kl, (value, row) => (
          // A bar is its place in the text.
          // oxlint-disable-next-line react/no-array-index-key
          <g key={row}>
            {value > 0 && (
              <rect
                x={x(row) + step * 0.1}
                y={y(value)}
                width={Math.max(0.8, step * 0.8)}
                height={Math.max(0.5, y(0) - y(value))}
                fill={ARM.steered.colour}
              />
            )}
            {frozen && frozen.kl[row]! > 0 && (
              <line
                x1={x(row)}
                x2={x(row) + Math.max(1, step)}
                y1={y(frozen.kl[row]!)}
                y2={y(frozen.kl[row]!)}
                stroke={ARM.frozen.colour}
                strokeWidth={2}
              />
            )}
            {acted[row] && (
              <rect
                x={x(row)}
                y={HEIGHT - BOTTOM}
                width={Math.max(1, step)}
                height={3}
                fill="var(--attribution-mark)"
              />
            )}
            <title>{`${row + 1 - prefix}: ${visibleText(tokens[row]?.text ?? '')} ${formatNats(value)}`}</title>
          </g>
        ))}
        <text x={width} y={HEIGHT - 2} className="tick" textAnchor="end">
          token
        </text>
        <text x={2} y={HEIGHT - 2} className="tick">
          KL, nats
        </text>
      </svg>
      <p className="small">
        <span style={{ color: ARM.steered.colour }}>■</span> steered
        {frozen && (
          <>
            {' · '}
            <span style={{ color: ARM.frozen.colour }}>▬</span> attention frozen
          </>
        )}
      </p>
    </div>
  );
}
