import type { EffectInfo, Sweep, SweepPoint } from '../../engine/protocol.ts';
import { FEATURE_EFFECT, type SweptResult, type SweptStep } from '../../state/steered-sweep.ts';
import { restOf, subjectOf } from '../../state/recipe-steps.ts';
import { effectOf, fluencyLoss, type SteeringEffect } from '../../shared/steering-effect.ts';
import type { Cell, TableData } from '../shared/download.ts';
import { formatActivation, formatPercent } from '../shared/format.ts';
import { subjectName } from './recipe-words.ts';

/** What is drawn over strengths: the rate of a property, or the swept feature’s activation. */
export interface Measured {
  id: string;
  title: string;
  meaning: string;
  unit: string;
  value: (point: SweepPoint) => number;
  /** Standard error; NaN where none is known. */
  error: (point: SweepPoint) => number;
  show: (value: number) => string;
  /** Number of the effect; undefined for the activation. */
  effect?: number;
}

const activation: Measured = {
  id: FEATURE_EFFECT,
  title: 'Activation of the swept feature',
  meaning: 'Its mean over the generated tokens, read by the model without interventions.',
  unit: 'activation',
  value: (point) => point.activation,
  error: () => NaN,
  show: formatActivation,
};

export const hasFeature = (step: SweptStep): boolean =>
  step.kind !== 'scale' || step.target.kind === 'latent';

/** Everything that can be drawn: the feature first, where one is swept. */
export function measuredOf(effects: readonly EffectInfo[], step: SweptStep | undefined): Measured[] {
  const rates = effects.map(({ id, title, meaning }, effect): Measured => ({
    id,
    title,
    meaning,
    unit: 'share of tokens',
    value: (point) => point.rates[effect] ?? NaN,
    error: (point) => point.errors[effect] ?? NaN,
    show: formatPercent,
    effect,
  }));
  return !step || hasFeature(step) ? [activation, ...rates] : rates;
}

const DOING: Record<SweptStep['kind'], string> = { add: 'Adding', clamp: 'Clamping', scale: 'Scaling' };
/** A step without its amount. */
export const sweptName = (step: SweptStep): string => `${DOING[step.kind]} ${subjectName(subjectOf(step))}`;

/** In the order of strengths, whatever order they were asked in. */
export const byStrength = (sweep: Sweep): SweepPoint[] =>
  [...sweep.points].sort((a, b) => a.strength - b.strength);

/** What the sweep says of what is drawn; undefined while too little is measured. */
export function effectFigures(
  { sweep, step }: SweptResult,
  { effect, value }: Measured,
): SteeringEffect | undefined {
  if (effect !== undefined) return effectOf(sweep, effect, restOf(step));
  // Of one number alone, the slope and what it costs.
  const own = (point: SweepPoint) => ({ ...point, rates: [value(point)] });
  const found = effectOf({ base: own(sweep.base), points: sweep.points.map(own) }, 0, restOf(step));
  return found && { ...found, selectivity: NaN };
}

/** The point that is looked at: the chosen one, else the largest that keeps fluency, else the last. */
export function pointAt({ points, keeps }: Sweep, chosen: number | undefined): SweepPoint | undefined {
  const at = (strength: number | undefined): SweepPoint | undefined =>
    points.find((point) => point.strength === strength);
  return at(chosen) ?? at(keeps.up) ?? at(keeps.down) ?? points.at(-1);
}

export interface EffectChange {
  id: string;
  title: string;
  base: number;
  rate: number;
  change: number;
  /** Standard error of the rate. */
  error: number;
  /** NaN where the base never has it. */
  ratio: number;
}

/** Every property at one point, against the texts without the step. */
export function changesAt(
  effects: readonly EffectInfo[],
  { base }: Sweep,
  point: SweepPoint,
): EffectChange[] {
  return effects.map(({ id, title }, i) => {
    const [before, rate] = [base.rates[i] ?? NaN, point.rates[i] ?? NaN];
    const ratio = before > 0 ? rate / before : NaN;
    return { id, title, base: before, rate, change: rate - before, error: point.errors[i] ?? NaN, ratio };
  });
}

const known = (value: number): number | null => (Number.isNaN(value) ? null : value);

/** A row a strength, the unsteered texts first; rates of every property with their errors. */
export function sweepTable({ sweep }: SweptResult, effects: readonly EffectInfo[]): TableData {
  const row = (name: Cell, point: SweepPoint): Cell[] => [
    name,
    point.texts,
    point.tokens,
    known(point.loss),
    known(fluencyLoss(sweep.base, point)),
    known(point.activation),
    ...effects.flatMap((_, i) => [known(point.rates[i] ?? NaN), known(point.errors[i] ?? NaN)]),
  ];
  return {
    columns: [
      'strength',
      'texts',
      'tokens',
      'loss under base, nats a token',
      'fluency loss',
      'activation',
      ...effects.flatMap(({ title }) => [`${title}, share of tokens`, `${title}, s.e.`]),
    ],
    rows: [row('unsteered', sweep.base), ...byStrength(sweep).map((point) => row(point.strength, point))],
  };
}
