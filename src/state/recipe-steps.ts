import type { PageState } from './page-state.ts';
import { MAX_PATCH_TEXT, MAX_SCOPE_RANGES, type RecipeStep, type RecipeTarget } from './recipe.ts';
import { featureOverRows, type ReadWindow, rowRanges } from './rows.ts';
import type { PositionRange } from './view-state.ts';

/** What a step is about: what is scaled or ablated, or all that a dictionary says. */
export type Subject = RecipeTarget | { kind: 'dictionary'; dictionary: string };

export function subjectOf(step: RecipeStep): Subject {
  switch (step.kind) {
    case 'add':
    case 'clamp':
      return { kind: 'latent', dictionary: step.dictionary, feature: step.feature };
    case 'splice':
      return { kind: 'dictionary', dictionary: step.dictionary };
    default:
      return step.target;
  }
}

export type Kind = RecipeStep['kind'];

const KINDS: Record<Subject['kind'], readonly Kind[]> = {
  latent: ['add', 'clamp', 'scale', 'ablate'],
  head: ['ablate', 'scale', 'patch'],
  hook: ['ablate', 'scale', 'patch'],
  dictionary: ['splice'],
};

/** What can be done to it, the usual first. */
export const kindsOf = (subject: Subject): readonly Kind[] => KINDS[subject.kind];

/** Activation that strength 1 of a feature stands for, and what it was found on; of nothing, 1. */
export interface OwnUnit {
  unit: number;
  of: 'sample' | 'text' | 'nothing';
  /** Tokens it is the largest of. */
  tokens: number;
}

type Known = Pick<PageState, 'opened' | 'statistics' | 'analysis'>;

/** Short enough for a link, exact enough for a scale. */
const short = (value: number): number => Number(value.toPrecision(4));

/** The feature's largest activation: on the sample, else on the text without its first row. */
export function unitOf(
  { opened, statistics, analysis }: Known,
  dictionary: string,
  feature: number,
): OwnUnit {
  const digest = opened?.dictionary?.id === dictionary ? opened.dictionary.digest : undefined;
  if (digest !== undefined && statistics?.dictionaryDigest === digest) {
    const most = statistics.max[feature] ?? 0;
    if (most > 0) return { unit: short(most), of: 'sample', tokens: statistics.tokens };
  }
  if (digest !== undefined && analysis?.dictionaryDigest === digest) {
    const most = featureOverRows(analysis.codes, feature)
      .subarray(1)
      .reduce((a, b) => Math.max(a, b), 0);
    if (most > 0) return { unit: short(most), of: 'text', tokens: analysis.windowTokens };
  }
  return { unit: 1, of: 'nothing', tokens: 0 };
}

/** Mean of a feature where it is active, in the sample or else on the text; NaN where nobody knows. */
export function meanWhenActive(
  { opened, statistics, analysis }: Known,
  dictionary: string,
  feature: number,
): number {
  const digest = opened?.dictionary?.id === dictionary ? opened.dictionary.digest : undefined;
  if (digest !== undefined && statistics?.dictionaryDigest === digest) {
    const count = statistics.count[feature] ?? 0;
    if (count > 0) return statistics.sum[feature]! / count;
  }
  if (digest === undefined || analysis?.dictionaryDigest !== digest) return NaN;
  const active = featureOverRows(analysis.codes, feature)
    .subarray(1)
    .filter((value) => value > 0);
  return active.reduce((sum, value) => sum + value, 0) / active.length;
}

/** Strength a feature is added with at first: as strong as it ever was. */
const FIRST_STRENGTH = 1;
/** A scaled feature or activation at first. */
const FIRST_FACTOR = 2;

export function addStep(page: Known, dictionary: string, feature: number): RecipeStep {
  const { unit } = unitOf(page, dictionary, feature);
  return { kind: 'add', dictionary, feature, strength: FIRST_STRENGTH, unit, scope: { kind: 'text' } };
}

export function ablateStep(target: RecipeTarget): RecipeStep {
  return {
    kind: 'ablate',
    target,
    with: target.kind === 'latent' ? 'zero' : 'mean',
    scope: { kind: 'text' },
  };
}

/** The number of a step that a slider moves: its strength, or what it multiplies by. */
export function amountOf(step: RecipeStep): number | undefined {
  if (step.kind === 'add' || step.kind === 'clamp') return step.strength;
  return step.kind === 'scale' ? step.factor : undefined;
}

export function withAmount(step: RecipeStep, amount: number): RecipeStep {
  if (step.kind === 'add' || step.kind === 'clamp') return { ...step, strength: amount };
  return step.kind === 'scale' ? { ...step, factor: amount } : step;
}

/** The amount that changes nothing, or takes the feature away: where a slider goes back to. */
export const restOf = (step: RecipeStep): number => (step.kind === 'scale' ? 1 : 0);

/**
 * The same about the same, done another way; strengths stay where both ways have one.
 * @param unit of `unitOf`, where the step had none
 * @param text that a patch is from at first: it changes nothing before another is given
 */
export function withKind(step: RecipeStep, kind: Kind, unit: number, text: string): RecipeStep {
  const subject = subjectOf(step);
  if (kind === step.kind || !kindsOf(subject).includes(kind) || subject.kind === 'dictionary') return step;
  const common = { scope: step.scope, ...(step.off && { off: step.off }) };
  if (kind === 'ablate') return { ...ablateStep(subject), ...common };
  if (kind === 'scale') return { kind, target: subject, factor: FIRST_FACTOR, ...common };
  if (kind === 'patch' && subject.kind !== 'latent')
    return { kind, target: subject, text: patchText(text), align: 'start', ...common };
  if ((kind === 'add' || kind === 'clamp') && subject.kind === 'latent') {
    const { dictionary, feature } = subject;
    const strength = step.kind === 'add' || step.kind === 'clamp' ? step.strength : FIRST_STRENGTH;
    const kept = step.kind === 'add' || step.kind === 'clamp' ? step.unit : unit;
    return { kind, dictionary, feature, strength, unit: kept, ...common };
  }
  return step;
}

/** As much of a text as a step may hold, whole characters. */
export function patchText(text: string): string {
  return text
    .slice(0, MAX_PATCH_TEXT)
    .replace(/[\uD800-\uDBFF]$/, '')
    .toWellFormed();
}

/** The step moved to another place; the others keep their order. */
export function moved<Step>(steps: readonly Step[], from: number, to: number): Step[] {
  const rest = steps.filter((_, i) => i !== from);
  const step = steps[from];
  return step === undefined ? rest : [...rest.slice(0, to), step, ...rest.slice(to)];
}

/** The chosen tokens as a scope; undefined where none is chosen. */
export function chosenScope(
  selection: readonly PositionRange[],
  active: number | null,
): RecipeStep['scope'] | undefined {
  const ranges: PositionRange[] =
    selection.length > 0 ? [...selection] : active === null ? [] : [[active, active]];
  return ranges.length > 0 ? { kind: 'tokens', ranges: ranges.slice(0, MAX_SCOPE_RANGES) } : undefined;
}

/** [T] whether a step that is on acts on a row of the prompt. @param special [T] rows that are not text */
export function rowsActedOn(
  steer: readonly RecipeStep[],
  window: ReadWindow,
  special: readonly boolean[],
): boolean[] {
  const acted = special.map(() => false);
  for (const { scope, off } of steer) {
    if (off || scope.kind === 'generated') continue;
    const ranges = scope.kind === 'tokens' ? rowRanges(window, scope.ranges) : [];
    special.forEach((is, row) => {
      if (scope.kind === 'tokens') acted[row] ||= ranges.some(([from, to]) => row >= from && row <= to);
      else if (scope.kind === 'special') acted[row] ||= is;
      else acted[row] ||= scope.kind === 'all' || !is;
    });
  }
  return acted;
}

const sameSubject = (step: RecipeStep, other: RecipeStep): boolean => {
  const [a, b] = [subjectOf(step), subjectOf(other)];
  return JSON.stringify(a) === JSON.stringify(b);
};

/** Steps about what no step is about yet, after those that are here. */
export function withSteps(steer: readonly RecipeStep[], added: readonly RecipeStep[]): RecipeStep[] {
  return added.reduce<RecipeStep[]>(
    (all, step) => (all.some((other) => sameSubject(other, step)) ? all : [...all, step]),
    [...steer],
  );
}
