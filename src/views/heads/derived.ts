import { useEffect, useMemo } from 'react';
import { isAblation, type Measure, measuresOf } from '../../state/head-measures.ts';
import { useHeads } from '../../state/heads.ts';
import { usePage } from '../../state/store.ts';
import { attributionTint, effectTint } from '../shared/colour.ts';
import { formatActivation, formatFixed } from '../shared/format.ts';

/** `2.3` is head 3 of layer 2, as in the literature. */
export const headName = (layer: number, head: number): string => `${layer}.${head}`;

/**
 * Asks as long as the part is shown, whenever what the page shows changes: the store knows what was asked already.
 * @param want of `useHeads`; `undefined`: nothing now
 */
export function useAsking(want: (() => Promise<void>) | undefined): void {
  useEffect(() => {
    if (!want) return undefined;
    // After the change has gone all its way: a new text is not asked about before it is being read.
    const ask = (): void => queueMicrotask(() => void want());
    ask();
    return usePage.subscribe(ask);
  }, [want]);
}

/** Everything known that heads can be coloured, ranked and sorted by, over the view's corpus. */
export function useMeasures(): Measure[] {
  const model = usePage((state) => state.opened?.model);
  const corpus = usePage((state) => state.view.corpus);
  const scores = useHeads((state) => state.scores.value);
  const effects = useHeads((state) => state.effects.value);
  return useMemo(() => {
    const here = <Found extends { corpus: { kind: string } }>(found: Found | undefined): Found | undefined =>
      found?.corpus.kind === corpus ? found : undefined;
    return model ? measuresOf(model, here(scores), here(effects)) : [];
  }, [model, corpus, scores, effects]);
}

/** Whether the numbers heads are coloured by are those of a text that is no longer the page's. */
export function useOldText(): boolean {
  const { corpus, score, text } = usePage((state) => state.view);
  const measured = useHeads((state) => state[isAblation(score) ? 'effects' : 'scores'].value?.corpus);
  return corpus === 'text' && measured?.kind === 'text' && measured.text !== text;
}

/** The measure of the link, the first where it names none; `undefined` while it is not known. */
export function useMeasure(measures: readonly Measure[]): Measure | undefined {
  const score = usePage((state) => state.view.score);
  return score === '' ? measures[0] : measures.find(({ id }) => id === score);
}

/** @param ratio of `ratioOf` */
export const measureTint = (ratio: number, signed: boolean): string =>
  signed ? effectTint(ratio) : attributionTint(ratio);

/** As short as a cell: `.43`, `−1.2`, `12`. */
export function shortValue(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  const text = formatFixed(value, size >= 9.95 ? 0 : size >= 0.995 ? 1 : 2);
  return text.replace(/^(−?)0\./, '$1.');
}

/** Longer units stand in legends and definitions only. */
const SHORT_UNIT = 7;

/** With its unit, if that is short. */
export function measureText({ unit }: Pick<Measure, 'unit'>, value: number): string {
  if (Number.isNaN(value)) return '–';
  return `${formatActivation(value)}${unit && unit.length <= SHORT_UNIT ? `\u00a0${unit}` : ''}`;
}
