import type { Analysis, AttributionRequest, CodesRecord, DictionarySummary } from '../engine/protocol.ts';
import type { PageState } from './page-state.ts';
import { featureOverRows, rowOf } from './rows.ts';
import type { TrailStep } from './view-state.ts';

/** Which attribution a view asks for, in rows of one analysis. */
export interface Question {
  analysis: Analysis;
  text: string;
  windowStart: number;
  /** References, see `reference.ts`. */
  dictionary: string;
  feature: number;
  /** The destination: where the feature is looked at. */
  row: number;
  /** The steps of the view's trail whose sources were read; sources are rows here. */
  trail: readonly TrailStep[];
  /** Steps of the view's trail that lead outside of what was read, and everything after them. */
  lost: number;
  /** Dictionary whose features the end of the trail is split into; empty for none. */
  upstream: string;
}

type Page = Pick<PageState, 'phase' | 'analysis' | 'analysing' | 'opened' | 'view'>;

/**
 * What the page's view asks for, or nothing while a text is being read or no feature is open.
 * @param part `feature` leaves the trail out
 */
export function questionOf(
  { phase, analysis, analysing, opened, view }: Page,
  part: 'feature' | 'trail',
): Question | undefined {
  const { feature, text, active } = view;
  const dictionary = opened?.dictionary;
  if (phase !== 'ready' || !analysis || analysing || feature === null || !dictionary) return undefined;
  if (feature >= dictionary.dSae || analysis.dictionaryDigest !== dictionary.digest) return undefined;
  const row = destinationRow(analysis, feature, active);
  const asked = part === 'trail' ? view.trail : [];
  const trail = readTrail(analysis, asked, row);
  return {
    analysis,
    text,
    windowStart: analysis.windowStart,
    dictionary: dictionary.id,
    feature,
    row,
    trail,
    lost: asked.length - trail.length,
    upstream: trail.length > 0 ? view.upstream : '',
  };
}

/** The chosen row, else where the feature is strongest: the first such row, row 0 only where it fires nowhere else. */
export function destinationRow(analysis: Analysis, feature: number, active: number | null): number {
  const chosen = active === null ? undefined : rowOf(analysis, active);
  return chosen ?? strongestRow(analysis.codes, feature) ?? analysis.tokens.length - 1;
}

/** @returns `undefined` where it fires nowhere */
export function strongestRow(codes: CodesRecord, feature: number): number | undefined {
  const values = featureOverRows(codes, feature);
  let best: number | undefined;
  values.forEach((value, row) => {
    if (row > 0 && value > (best === undefined ? 0 : values[best]!)) best = row;
  });
  return best ?? (values[0]! > 0 ? 0 : undefined);
}

/** Positions to rows, up to the first step that was not read or that would look ahead. */
function readTrail(analysis: Analysis, trail: readonly TrailStep[], row: number): TrailStep[] {
  const steps: TrailStep[] = [];
  let at = row;
  for (const step of trail) {
    if (step.kind === 'head') {
      const source = rowOf(analysis, step.source);
      if (source === undefined || source > at) break;
      at = source;
      steps.push({ ...step, source });
    } else steps.push(step);
  }
  return steps;
}

/** The same question some steps earlier; the dictionary upstream belongs to the end of the trail only. */
export function upTo(question: Question, depth: number): Question {
  if (depth >= question.trail.length) return question;
  return { ...question, trail: question.trail.slice(0, depth), upstream: '' };
}

/** The row one is at after the steps of a question. */
export function rowAt({ row, trail }: Pick<Question, 'row' | 'trail'>): number {
  const last = trail.findLast((step) => step.kind === 'head');
  return last?.source ?? row;
}

/** Tells questions about one analysis apart. */
export function keyOf({ feature, row, trail, upstream }: Question): string {
  return JSON.stringify([feature, row, trail, upstream]);
}

/** Whether both are about one feature in one reading of a text, so that the one may stand while the other is worked out. */
export const sameFeature = (a: Question | undefined, b: Question | undefined): boolean =>
  a?.analysis === b?.analysis && a?.feature === b?.feature;

/** As the engine is asked. @param files what is behind a reference */
export async function requestOf(
  { text, windowStart, dictionary, feature, row, trail, upstream }: Question,
  files: (reference: string) => Promise<AttributionRequest['dictionary']>,
): Promise<AttributionRequest> {
  const steps = trail.map(async (step) =>
    step.kind === 'feature' ? { ...step, dictionary: await files(step.dictionary) } : step,
  );
  return {
    text,
    windowStart,
    dictionary: await files(dictionary),
    feature,
    row,
    trail: await Promise.all(steps),
    ...(upstream === '' ? {} : { upstream: [await files(upstream)] }),
  };
}

/** Layer of a hook on the heads of a layer, `blocks.{l}.attn.hook_z`; `undefined` for any other hook. */
export function layerOfHeads(hook: string | undefined): number | undefined {
  const found = /^blocks\.(\d{1,4})\.attn\.hook_z$/.exec(hook ?? '');
  return found ? Number(found[1]) : undefined;
}

/** Dictionaries that read something the residual stream before a layer is made of. */
export function upstreamOf(dictionaries: readonly DictionarySummary[], layer: number): DictionarySummary[] {
  return dictionaries.filter(({ hook }) => {
    const found = /^blocks\.(\d{1,4})\.(hook_resid_pre|hook_resid_mid|hook_resid_post|attn\.hook_z)$/.exec(
      hook,
    );
    if (!found) return false;
    const at = Number(found[1]);
    return found[2] === 'hook_resid_pre' ? at <= layer : at < layer;
  });
}
