import { useId } from 'react';
import { sweptStep, canBeSwept, LIMITS, useSweep } from '../../state/steered-sweep.ts';
import { usePage } from '../../state/store.ts';
import { NumberField } from './NumberField.tsx';
import { measuredOf } from './sweep-derived.ts';
import { stepText } from './recipe-words.ts';

const NONE: never[] = [];

/** What is swept, over which strengths, in which texts, and what for. */
export function SweepSetup() {
  const id = useId();
  const view = usePage((state) => state.view);
  const change = usePage((state) => state.change);
  const settings = useSweep((state) => state.settings);
  const effects = useSweep((state) => state.effects) ?? NONE;
  const result = useSweep((state) => state.result);
  const configure = useSweep((state) => state.configure);
  const at = sweptStep(view);
  const step = at === undefined ? undefined : view.steer[at];
  const own = step && canBeSwept(step) ? step : undefined;
  const measures = measuredOf(effects, result?.step ?? own);
  return (
    <fieldset className="sampling">
      <legend className="visually-hidden">What is swept</legend>
      <span className="number-field">
        <label htmlFor={`${id}-step`} className="small">
          Step
        </label>
        <select
          id={`${id}-step`}
          value={at ?? ''}
          disabled={at === undefined}
          onChange={(event) => change({ swept: Number(event.target.value) })}
        >
          {at === undefined && <option value="">no step has a strength</option>}
          {view.steer.map(
            (one, i) =>
              canBeSwept(one) && (
                // A step is its place in the recipe.
                // oxlint-disable-next-line react/no-array-index-key
                <option key={i} value={i}>
                  {i + 1}. {stepText(one)}
                </option>
              ),
          )}
        </select>
      </span>
      <span className="number-field">
        <label htmlFor={`${id}-effect`} className="small">
          Effect
        </label>
        <select
          id={`${id}-effect`}
          value={(measures.find((one) => one.id === view.effect) ?? measures[0])?.id ?? ''}
          onChange={(event) => change({ effect: event.target.value })}
        >
          {measures.map((one) => (
            <option key={one.id} value={one.id}>
              {one.title}
            </option>
          ))}
        </select>
      </span>
      <NumberField
        title="From"
        value={settings.from}
        {...LIMITS.from}
        onChange={(from) => configure({ from })}
      />
      <NumberField title="To" value={settings.to} {...LIMITS.to} onChange={(to) => configure({ to })} />
      <NumberField
        title="Strengths"
        value={settings.count}
        {...LIMITS.count}
        whole
        onChange={(count) => configure({ count })}
      />
      <span className="number-field">
        <label htmlFor={`${id}-where`} className="small">
          Continue
        </label>
        <select
          id={`${id}-where`}
          value={settings.where}
          onChange={(event) => configure({ where: event.target.value === 'text' ? 'text' : 'storyworld' })}
        >
          <option value="storyworld">Storyworld beginnings</option>
          <option value="text">the text above</option>
        </select>
      </span>
      {settings.where === 'storyworld' && (
        <NumberField
          title="Beginnings"
          value={settings.items}
          {...LIMITS.items}
          whole
          onChange={(items) => configure({ items })}
        />
      )}
      <NumberField
        title="Texts of each"
        value={settings.samples}
        {...LIMITS.samples}
        whole
        onChange={(samples) => configure({ samples })}
      />
      <NumberField
        title="Tokens of a text"
        value={settings.tokens}
        {...LIMITS.tokens}
        whole
        onChange={(tokens) => configure({ tokens })}
      />
    </fieldset>
  );
}
