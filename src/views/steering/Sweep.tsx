import { useEffect } from 'react';
import { FLUENCY_LIMIT, fluencyLoss } from '../../shared/steering-effect.ts';
import { amountOf, restOf } from '../../state/recipe-steps.ts';
import { canBeSwept, sweepKey, sweptStep, useSweep } from '../../state/steered-sweep.ts';
import { usePage } from '../../state/store.ts';
import { type Fact, Facts } from '../shared/Facts.tsx';
import { formatCount, formatFixed, formatPercent, formatSigned } from '../shared/format.ts';
import { Panel } from '../shared/Panel.tsx';
import { Trouble } from '../shared/Trouble.tsx';
import { AFTER_STOP, Working } from '../shared/Working.tsx';
import { effectFigures, type Measured, measuredOf, pointAt, sweepTable, sweptName } from './sweep-derived.ts';
import { SweepChart } from './SweepChart.tsx';
import { SweepEffects } from './SweepEffects.tsx';
import { SweepPoints } from './SweepPoints.tsx';
import { SweepSetup } from './SweepSetup.tsx';
import './texts.css';
import './sweep.css';

const NO_EFFECTS: never[] = [];

/** One step of the recipe over many strengths: what it does to texts, and how long they stay fluent. */
export function Sweep() {
  const { effects = NO_EFFECTS, result, running, stopped, failure } = useSweep();
  const { loadEffects, run, stop } = useSweep();
  const canRun = usePage((state) => state.phase === 'ready' && sweptStep(state.view) !== undefined);
  useEffect(() => void loadEffects(), [loadEffects]);
  return (
    <Panel
      title="Strength sweep"
      className="sweep-panel"
      about={<About />}
      table={() => (result ? sweepTable(result, effects) : { columns: [], rows: [] })}
    >
      <SweepSetup />
      {running ? (
        <Working label="Generating texts" progress={running} onStop={stop} />
      ) : (
        <div className="row">
          <button
            type="button"
            className="primary"
            disabled={!canRun}
            onClick={() => void run()}
            {...AFTER_STOP}
          >
            {result ? 'Sweep again' : 'Sweep'}
          </button>
          {stopped && result && <span className="small">Stopped: what was measured until then.</span>}
          {!canRun && !result && (
            <span className="small">Add, clamp or scale something in the recipe first.</span>
          )}
        </div>
      )}
      <Trouble error={failure} />
      {result && <Result />}
    </Panel>
  );
}

function About() {
  return (
    <>
      <p>
        The step is applied at each strength, together with the rest of the recipe, and texts are generated
        with the sampling of the texts above. <em>Rate</em>: the share of generated tokens with a property,
        with its standard error over texts. <em>Loss</em>: mean of −ln p of the steered texts’ tokens under
        the model without interventions.
      </p>
      <p>
        <em>Keeps fluency</em>: the largest strength on each side of 0 up to which at every strength the loss
        is at most {FLUENCY_LIMIT} times that of the unsteered texts.
      </p>
      <p>
        <em>Slope</em>: change of the rate per unit of strength, by least squares on a line through the
        unsteered texts, over the strengths that keep fluency. <em>Selectivity</em>: |slope| over the sum of
        |slopes| of all properties. <em>Fluency loss</em>: loss over that of the unsteered texts, minus 1.
      </p>
    </>
  );
}

function Result() {
  const { effects = NO_EFFECTS, result, running, chosen, settings } = useSweep();
  const { choose, give } = useSweep();
  const wanted = usePage((state) => state.view.effect);
  const now = usePage((state) =>
    result ? sweepKey(state, settings, result.alone ? result.step : undefined) : undefined,
  );
  const amount = usePage(({ view }) => {
    const step = view.steer[sweptStep(view) ?? -1];
    return step && canBeSwept(step) && !step.off ? amountOf(step) : undefined;
  });
  if (!result) return null;
  const measures = measuredOf(effects, result.step);
  const measured = measures.find(({ id }) => id === wanted) ?? measures[0];
  const point = pointAt(result.sweep, chosen);
  const stale = now !== result.key;
  const pick = (strength: number): void => {
    choose(strength);
    give(strength);
  };
  return (
    <div className={`sweep-result${stale ? ' of-other-inputs' : ''}`} aria-busy={running !== undefined}>
      <p className="small">
        {sweptName(result.step)}
        {result.alone && ', without the rest of the recipe'}
        {stale && <strong> · measured with other settings than those above: sweep again for these</strong>}
      </p>
      {measured && (
        <>
          <SweepChart
            result={result}
            measured={measured}
            amount={stale ? undefined : amount}
            chosen={point?.strength}
            onChoose={pick}
          />
          <Facts facts={factsOf(result, measured, point?.strength)} />
        </>
      )}
      <SweepPoints result={result} measured={measured} chosen={point?.strength} onChoose={pick} />
      {point && effects.length > 0 && <SweepEffects effects={effects} sweep={result.sweep} point={point} />}
    </div>
  );
}

function factsOf(
  result: NonNullable<ReturnType<typeof useSweep.getState>['result']>,
  measured: Measured,
  chosen: number | undefined,
): Fact[] {
  const { base, points, keeps } = result.sweep;
  const figures = effectFigures(result, measured);
  const point = points.find(({ strength }) => strength === chosen);
  const strength = (value: number | undefined): string =>
    value === undefined ? 'none' : formatFixed(value, Number.isInteger(value) ? 0 : 2);
  const slope = figures
    ? measured.effect === undefined
      ? formatSigned(figures.slope)
      : `${formatSigned(100 * figures.slope)} pp`
    : '–';
  return [
    {
      name: 'Keeps fluency to',
      about: `The largest strength above ${restOf(result.step)} up to which every strength asked keeps the loss at most ${FLUENCY_LIMIT} times that of the unsteered texts${keeps.down === undefined ? '' : `; below ${restOf(result.step)}: ${strength(keeps.down)}`}.`,
      value: strength(keeps.up),
    },
    {
      name: 'Slope',
      about: `Change of “${measured.title}” per unit of strength, over the ${figures?.strengths ?? 0} strengths that keep fluency.`,
      value: slope,
      unit: 'per unit',
    },
    {
      name: 'Selectivity',
      about:
        '|Slope| of this property over the sum of |slopes| of all. Properties overlap, so that even perfect steering has less than 1.',
      value: figures ? formatFixed(figures.selectivity) : '–',
    },
    {
      name: 'Fluency loss',
      about: `Loss under the base of the texts at strength ${strength(chosen)}, over that of the unsteered texts, minus 1.`,
      value: point ? formatPercent(fluencyLoss(base, point)) : '–',
    },
    {
      name: 'Tokens',
      about: 'Generated at every strength, over all texts.',
      value: formatCount(base.tokens),
    },
  ];
}
