import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { type Answer, attribution, useAttribution } from '../../../state/attribution.ts';
import { keyOf, type Question, questionOf, rowAt } from '../../../state/attribution-question.ts';
import { steerFeatures } from '../../../state/recipe-edits.ts';
import { positionOf } from '../../../state/rows.ts';
import { usePage } from '../../../state/store.ts';
import { MAX_TRAIL, type TrailStep } from '../../../state/view-state.ts';
import { LabelText } from '../../shared/LabelText.tsx';
import { explain } from '../../shared/messages.ts';
import { visibleText } from '../../shared/visible-text.ts';
import './attribution.css';
import { headName } from './derive.ts';
import { Destination } from './Destination.tsx';
import { FeatureFacts, FeatureNode } from './FeatureNode.tsx';
import { ResidualNode } from './ResidualNode.tsx';
import type { SourceProps } from './SourceStrip.tsx';
import { Sum } from './Sum.tsx';
import { Trail } from './Trail.tsx';
import { Upstream } from './Upstream.tsx';

/** Where the open feature's activation comes from: by head, by token, and step by step back through the model. */
export function Bench({ feature }: { feature: number }) {
  useEffect(() => attribution.watch('trail'), []);
  const answer = useAttribution((state) => state.answer);
  const trouble = useAttribution((state) => state.trouble);
  const label = usePage((state) => state.labels[feature]);
  const topToken = usePage((state) => state.statistics?.topTokens[feature]);
  const hook = usePage((state) => state.opened?.dictionary?.hook);
  const goTo = usePage((state) => state.goTo);
  const question = usePage((state) => questionOf(state, 'trail')?.row);
  const analysis = usePage((state) => state.analysis);
  const { go, onKeyDown } = useTrail();
  return (
    // Backspace is a second way to the button “Up”.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <article className="bench" aria-label={`Sources of feature ${feature}`} onKeyDown={onKeyDown}>
      <header className="bench-head">
        <div>
          <h2>Where feature {feature} comes from</h2>
          <p className="small">
            {hook} · <LabelText label={label} topToken={topToken} />
          </p>
        </div>
        <span className="grow" />
        <button type="button" onClick={() => steerFeatures([feature])}>
          Steer
        </button>
        <button type="button" onClick={() => goTo('explore')}>
          Open in Explore
        </button>
      </header>
      {analysis && question !== undefined && (
        <Destination analysis={analysis} feature={feature} row={question} />
      )}
      {trouble && (
        <div role="alert" className="bench-trouble">
          <p>{explain(trouble).particular}</p>
          <p className="small">{explain(trouble).remedy}</p>
          <button type="button" onClick={() => go(0)}>
            Back to the feature
          </button>
        </div>
      )}
      {answer ? (
        <Node answer={answer} go={go} />
      ) : (
        !trouble && <p role="status">Working out where it comes from …</p>
      )}
    </article>
  );
}

/** Going along the trail of the view. Each step is one that the browser's “back” takes back. */
function useTrail() {
  const goTo = usePage((state) => state.goTo);
  const go = (depth: number): void => {
    const { view } = usePage.getState();
    if (depth >= 0 && depth < view.trail.length) goTo(view.view, { trail: view.trail.slice(0, depth) });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const typing = (event.target as Element).matches('input, select, textarea');
    if (event.key !== 'Backspace' || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    go(usePage.getState().view.trail.length - 1);
  };
  return { go, onKeyDown };
}

/** Goes one step in from what is shown, whose destination is pinned so that the link shows the same. */
function stepFrom({ analysis, row, trail }: Question, step: TrailStep): void {
  const inPositions = (each: TrailStep): TrailStep =>
    each.kind === 'head' ? { ...each, source: positionOf(analysis, each.source) } : each;
  const { view, goTo } = usePage.getState();
  goTo(view.view, {
    active: positionOf(analysis, row),
    selection: [],
    trail: [...trail, step].map(inPositions),
  });
}

function Node({ answer, go }: { answer: Answer; go: (depth: number) => void }) {
  const { question, levels } = answer;
  const { analysis, trail, feature, lost } = question;
  const record = levels.at(-1)!;
  const asked = useAttribution((state) => state.asked);
  const busy = asked !== undefined && keyOf(asked) !== keyOf(question);
  const key = keyOf({ ...question, upstream: '' });
  const [peek, setPeek] = useState<{ of: string; row: number | null }>({ of: key, row: null });
  const heading = useRef<HTMLHeadingElement>(null);
  const depth = useRef(trail.length);
  useEffect(() => {
    // What had the focus is gone after a step: the new heading says where one is.
    if (depth.current !== trail.length) heading.current?.focus();
    depth.current = trail.length;
  }, [trail.length]);

  const textOf = (row: number): string => visibleText(analysis.tokens[row]?.text ?? '');
  const at = rowAt(question);
  const end = trail.at(-1);
  const full = trail.length >= MAX_TRAIL;
  const step = (next: TrailStep): void => {
    if (!full) stepFrom(question, next);
  };
  const sources: SourceProps = {
    analysis,
    last: at,
    numberOf: (row) => row + 1 - analysis.prefix,
    positionOf: (row) => positionOf(analysis, row),
    onStep: ({ layer, head }, source) => step({ kind: 'head', layer, head, source }),
    // After a step nothing is pointed at any more, though nothing was left either.
    peek: peek.of === key ? peek.row : null,
    onPeek: (row) => setPeek({ of: key, row }),
  };
  return (
    <div className="bench-node" aria-busy={busy}>
      <Trail answer={answer} textOf={textOf} onGo={go} />
      {lost > 0 && (
        <p className="note">
          The trail goes on for {lost} more {lost === 1 ? 'step' : 'steps'} outside of the part of the text
          that was read.
        </p>
      )}
      <h3 ref={heading} tabIndex={-1} className="bench-heading">
        {end === undefined && (
          <>
            Feature {feature} on “{textOf(at)}”
          </>
        )}
        {end?.kind === 'head' && (
          <>
            What head {headName(end)} found on “{textOf(at)}”
          </>
        )}
        {end?.kind === 'feature' && (
          <>
            Feature {end.feature} of {end.dictionary} on “{textOf(at)}”
          </>
        )}
        {busy && <span className="small"> · working …</span>}
      </h3>
      {end?.kind === 'feature' && (
        <p className="small">
          Begins anew: what follows adds up to this feature’s own value, not to the one before it in the
          trail.
        </p>
      )}
      <FeatureFacts record={record} />
      <Sum record={record} />
      {full && <p className="note">A trail has at most {MAX_TRAIL} steps.</p>}
      {record.heads ? (
        <FeatureNode record={record} {...sources} />
      ) : (
        <>
          <ResidualNode key={key} record={record} {...sources} />
          <Upstream
            record={record}
            busy={busy}
            onStep={(index) =>
              step({ kind: 'feature', dictionary: usePage.getState().view.upstream, feature: index })
            }
          />
        </>
      )}
    </div>
  );
}
