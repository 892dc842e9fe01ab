import { useEffect, useRef } from 'react';
import { setSteps, takeArrival } from '../../state/recipe-edits.ts';
import { MAX_STEPS, type RecipeStep } from '../../state/recipe.ts';
import { moved } from '../../state/recipe-steps.ts';
import { useSteer } from '../../state/steer.ts';
import { usePage } from '../../state/store.ts';
import { formatPercent } from '../shared/format.ts';
import { Panel } from '../shared/Panel.tsx';
import { TokenText } from '../shared/TokenText.tsx';
import { RecipeAdd } from './RecipeAdd.tsx';
import { RecipeCard } from './RecipeCard.tsx';
import { RecipeFiles } from './RecipeFiles.tsx';
import './recipe.css';
import { recipeTable } from './recipe-words.ts';

/** What moves most, beside the sliders where the panels that say all are out of sight. The panels speak for it. */
function Moved() {
  const movers = useSteer((state) => (state.row ?? state.result?.comparison)?.steered.movers);
  if (!movers || movers.length === 0) return null;
  return (
    <p className="small recipe-moved" aria-hidden="true">
      {movers.slice(0, 2).map(({ id, text, before, after }) => (
        <span key={id}>
          next <TokenText text={text} /> {formatPercent(before)} → <strong>{formatPercent(after)}</strong>
        </span>
      ))}
    </p>
  );
}

/** The steps of the view's recipe, in the order they act. */
export function Recipe() {
  const steer = usePage((state) => state.view.steer);
  const root = useRef<HTMLDivElement>(null);
  /** What gets the focus once the step just taken is drawn. */
  const arrival = useRef('');

  useEffect(() => {
    const came = takeArrival();
    if (came !== undefined) arrival.current = `[data-step="${came}"] .step-title`;
    if (arrival.current === '') return;
    const target = root.current?.querySelector<HTMLElement>(arrival.current);
    arrival.current = '';
    target?.focus();
  });

  const change = (i: number, step: RecipeStep, fresh: boolean): void => {
    // The newest list: two changes may come between two drawings.
    const { view, change: replace } = usePage.getState();
    const all = view.steer.map((other, at) => (at === i ? step : other));
    if (fresh) setSteps(all);
    else replace({ steer: all });
  };
  const remove = (i: number): void => {
    arrival.current =
      steer.length > 1 ? `[data-step="${Math.min(i, steer.length - 2)}"] .step-title` : '.recipe-add select';
    setSteps(steer.filter((_, at) => at !== i));
  };
  const move = (i: number, by: -1 | 1): void => {
    const to = i + by;
    // At either end the button of that way is off: the focus goes to the other.
    const way = (by < 0 && to === 0) || (by > 0 && to === steer.length - 1) ? -by : by;
    arrival.current = `[data-step="${to}"] [data-move="${way}"]`;
    setSteps(moved(steer, i, to));
  };

  return (
    <Panel
      title="Recipe"
      className="recipe"
      about={
        <>
          <p>
            What is changed while the model reads and writes: features added, clamped, scaled or taken away;
            heads and whole activations likewise; activations of another text put in; a dictionary’s
            reconstruction in place of what it reconstructs. Steps on one hook act one after the other, from
            the top.
          </p>
          <p>
            Strengths count in the feature’s own largest activation: 1× writes as much as the feature did
            where it was strongest. The band on the slider is that natural range, 0 to 1, its tick the mean
            where the feature is active. What a dictionary does not say of an activation, its error, is kept.
          </p>
          <p>Every change is in the link; the browser’s Back takes it back.</p>
        </>
      }
      table={() => recipeTable(steer)}
      images={false}
    >
      <div ref={root} className="recipe-body">
        {steer.length === 0 ? (
          <p className="quiet-text">
            Nothing is changed yet. Add a feature, a head or a layer below, press “Steer” at a feature in
            Explore, or take one of the suggestions.
          </p>
        ) : (
          <ol className="recipe-steps" aria-label="Steps, in the order they act">
            {steer.map((step, i) => (
              <RecipeCard
                // A step is its place: the link gives it no other name.
                // oxlint-disable-next-line react/no-array-index-key
                key={i}
                step={step}
                number={i + 1}
                last={i === steer.length - 1}
                onChange={(changed, fresh) => change(i, changed, fresh)}
                onRemove={() => remove(i)}
                onMove={(by) => move(i, by)}
              />
            ))}
          </ol>
        )}
        <Moved />
        {steer.length < MAX_STEPS ? (
          <RecipeAdd />
        ) : (
          <p className="small">A recipe holds at most {MAX_STEPS} steps.</p>
        )}
        <RecipeFiles />
      </div>
    </Panel>
  );
}
