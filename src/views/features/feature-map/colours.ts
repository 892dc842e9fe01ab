import type { ViewState } from '../../../state/view-state.ts';

/** Steps of a colour scale; step 0 is for points without a value. */
export const STEPS = 48;

/** What features are coloured by, of those a link may name. */
export const COLOURS = ['rate', 'mean', 'max', 'found'] as const satisfies readonly ViewState['colour'][];
export type Colour = (typeof COLOURS)[number];

export const COLOUR_TITLES: Record<Colour, string> = {
  rate: 'firing rate',
  mean: 'mean activation where it fires',
  max: 'largest activation',
  found: 'found features',
};

/** Links of a newer version may name more. */
export const colourOf = (colour: ViewState['colour']): Colour =>
  COLOURS.find((known) => known === colour) ?? 'rate';

/** What of a sample or a scan colours need. F features. */
export interface Counted {
  tokens: number;
  count: Uint32Array;
  sum: Float64Array;
  max: Float32Array;
}

/** [F] NaN for a feature that never fires. */
export function valuesBy(colour: Exclude<Colour, 'found'>, statistics: Counted): Float64Array {
  const { tokens, count, sum, max } = statistics;
  return Float64Array.from(count, (fired, feature) => {
    if (fired === 0) return NaN;
    if (colour === 'rate') return fired / tokens;
    return colour === 'mean' ? sum[feature]! / fired : max[feature]!;
  });
}

export interface Colouring {
  /** [n] 0 … STEPS of each point on the map. */
  steps: Uint8Array;
  /** Ends of the scale, between which colours are even in the logarithm; NaN where no point has a value. */
  low: number;
  high: number;
  /** Points without a value. */
  without: number;
}

/** Points beyond these quantiles share the colour of the ends. */
const TAIL = 0.01;

/** @param values [F] @param features [n] of the map */
export function colouringOf(values: ArrayLike<number>, features: Uint32Array): Colouring {
  const own = Float64Array.from(features, (feature) => values[feature] ?? NaN);
  const known = own.filter((value) => value > 0).sort();
  const quantile = (share: number): number => known[Math.round(share * (known.length - 1))] ?? NaN;
  const [low, high] = [quantile(TAIL), quantile(1 - TAIL)];
  const range = Math.log(high / low);
  const steps = Uint8Array.from(own, (value) => {
    if (!(value > 0)) return 0;
    const share = range > 0 ? Math.log(value / low) / range : 1;
    return 1 + Math.round(Math.min(1, Math.max(0, share)) * (STEPS - 1));
  });
  return { steps, low, high, without: own.length - known.length };
}

/** Found features at the end of the scale, the others without a value. */
export function foundColouring(found: ReadonlySet<number>, features: Uint32Array): Colouring {
  const steps = Uint8Array.from(features, (feature) => (found.has(feature) ? STEPS : 0));
  return { steps, low: NaN, high: NaN, without: steps.filter((step) => step === 0).length };
}

/**
 * Colours of the steps as CSS: teal, blue, ink. Lightness alone tells them apart, and each has a contrast of at least 3 : 1
 * to the surface in either theme (checked by `colours.test.ts`).
 */
export function stepColour(step: number): string {
  if (step === 0) return 'var(--line-strong)';
  const percent = (200 * (step - 1)) / (STEPS - 1);
  return percent <= 100
    ? mix('--effect-positive-mark', percent, '--map-low')
    : mix('--ink', percent - 100, '--effect-positive-mark');
}

const mix = (end: string, percent: number, start: string): string =>
  `color-mix(in oklab, var(${end}) ${percent.toFixed(1)}%, var(${start}))`;
