/**
 * Colours of data. Every function returns a CSS colour built from the custom properties of `theme.css`, so the same
 * value is right in light, dark and system themes and changes with them. The ends of each scale are chosen so that
 * the theme's ink keeps a contrast of at least 4.5 : 1 on every step (checked by `colour.test.ts`).
 */

/** Share of the scale for a value: 0 at 0, 1 at `max`, compressed so that weak values can still be told from none. */
export function activationRatio(value: number, max: number): number {
  if (!(value > 0) || !(max > 0)) return 0;
  return Math.log10(1 + 9 * Math.min(1, value / max));
}

/** Sequential scale, one hue, for activations. @param ratio 0 (plain surface) … 1 (strongest) */
export function activationTint(ratio: number): string {
  return mix('--activation', ratio);
}

/** Sequential scale of the second hue: attribution, attention, probability; never activation. @param ratio 0 … 1 */
export function attributionTint(ratio: number): string {
  return mix('--attribution', ratio);
}

/** Diverging scale around 0 for logits and other signed effects: blue raises, orange lowers. @param ratio −1 … 1 */
export function effectTint(ratio: number): string {
  return ratio < 0 ? mix('--effect-negative', -ratio) : mix('--effect-positive', ratio);
}

function mix(end: string, ratio: number): string {
  const share = Number.isFinite(ratio) ? Math.min(1, Math.max(0, ratio)) : 0;
  if (share === 0) return 'transparent';
  // The first visible step is 8 %, so that "a little" never looks like "not at all".
  return `color-mix(in oklab, var(${end}) ${(8 + 92 * share).toFixed(1)}%, var(--surface))`;
}

/** Solid colours for marks in charts; each has a contrast of at least 3 : 1 to the surface. */
export const mark = {
  activation: 'var(--activation-mark)',
  attribution: 'var(--attribution-mark)',
  positive: 'var(--effect-positive-mark)',
  negative: 'var(--effect-negative-mark)',
  neutral: 'var(--ink-quiet)',
} as const;
