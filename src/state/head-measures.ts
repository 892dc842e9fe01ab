import type { AblationEffects, HeadScores, OpenedModel, ScoreInfo } from '../engine/protocol.ts';

/** One number a head to colour, rank and sort by: a score, or what ablating the head costs. */
export interface Measure extends ScoreInfo {
  /** [L · H]; NaN where nothing is known. */
  values: Float32Array;
  /** [L · H] standard deviation between texts; NaN, or absent, where there is none. */
  spread?: Float32Array;
  /** For the visitor: why the numbers say less than they seem to. */
  note?: string;
}

/** Id of the measure of ablation over all texts; `ablation-<register>` is that over one register. */
export const ABLATION = 'ablation';

export const isAblation = (id: string): boolean => id === ABLATION || id.startsWith(`${ABLATION}-`);

const slug = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 30);

/** Scores, then effects of ablation: everything heads can be coloured by. */
export function measuresOf(
  { nLayers, nHeads }: Pick<OpenedModel['model'], 'nLayers' | 'nHeads'>,
  scores: HeadScores | undefined,
  effects: AblationEffects | undefined,
): Measure[] {
  const found: Measure[] = (scores?.scores ?? []).map(({ info, values, spread, note }) => ({
    ...info,
    values,
    spread,
    note,
  }));
  const { groups = [], heads = [], rise } = effects ?? {};
  groups.forEach((group, at) => {
    const values = new Float32Array(nLayers * nHeads).fill(NaN);
    heads.forEach(({ layer, head }, i) => {
      values[layer * nHeads + head] = rise![i * groups.length + at]!;
    });
    const { loss, tokens, groupTexts } = effects!;
    const texts = groupTexts[at]!;
    const judged =
      tokens[at]! > 0
        ? `${loss[at]!.toFixed(2)} nats a token, ${tokens[at]} tokens of ${texts} ${texts === 1 ? 'text' : 'texts'}`
        : 'no tokens yet';
    found.push({
      id: at === 0 ? ABLATION : `${ABLATION}-${slug(group)}`,
      title: at === 0 ? 'loss rise when ablated' : `loss rise when ablated, ${group}`,
      definition: `Mean loss over ${overOf(group)} with the head’s z set to its mean over the texts of the same register, minus the mean loss as is (${judged}).`,
      note: texts < FEW_TEXTS ? FEW : undefined,
      unit: 'nats a token',
      range: null,
      signed: true,
      values,
    });
  });
  return found;
}

/** Fewer texts than this make a poor mean. */
const FEW_TEXTS = 5;
const FEW = 'The mean is over few texts, so ablating costs less than it would with more: measure more texts.';
const AGAIN = 'pairs again';

/** What a group of tokens is, in words; see `AblationEffects.groups`. */
function overOf(group: string): string {
  const register = group.replace(AGAIN, '').trim();
  const texts = register === '' || register === 'all' ? 'all texts' : `register ${register}`;
  return group.endsWith(AGAIN)
    ? `those tokens of ${texts} whose pair with the token before stood earlier in the text`
    : texts;
}

/** Rank of each value, 1 for the largest; equal values share the better rank; 0 where there is no value. */
export function ranksOf(values: ArrayLike<number>): Int32Array {
  const order = orderOf(values);
  const ranks = new Int32Array(values.length);
  order.forEach((at, place) => {
    const before = order[place - 1];
    ranks[at] = before !== undefined && values[before] === values[at] ? ranks[before]! : place + 1;
  });
  return ranks;
}

/** Indices of the values that are known, largest first; ties by lowest index. */
export function orderOf(values: ArrayLike<number>): number[] {
  return Array.from({ length: values.length }, (_, at) => at)
    .filter((at) => !Number.isNaN(values[at]))
    .sort((a, b) => values[b]! - values[a]! || a - b);
}

/** Least part of a score's whole range that the colour scale spans. */
const LEAST_SPAN = 0.2;

/**
 * Ends of the colour scale: from where the score's range begins, or 0, to its largest value. Of a signed measure they lie
 * symmetric about 0. A fifth of the range is always spanned, so that next to nothing never looks like much.
 */
export function extentOf({ range, signed, values }: Measure): [low: number, high: number] {
  const known = values.filter((value) => Number.isFinite(value));
  const low = known.reduce((least, value) => Math.min(least, value), Infinity);
  const high = known.reduce((most, value) => Math.max(most, value), -Infinity);
  if (!(low <= high)) return range && !signed ? range : signed ? [-1, 1] : [0, 1];
  const span = range ? LEAST_SPAN * (range[1] - range[0]) : 0;
  if (!signed) {
    const start = range?.[0] ?? Math.min(0, low);
    return [start, Math.max(high, start + span)];
  }
  const most = Math.max(Math.abs(low), Math.abs(high), span / 2);
  return [-most, most];
}

/** Where a value lies on its scale: 0 … 1, or −1 … 1 for a signed measure; NaN without a value. */
export function ratioOf(value: number, [low, high]: [number, number], signed: boolean): number {
  if (Number.isNaN(value) || !(high > low)) return Number.isNaN(value) ? NaN : 0;
  return signed
    ? Math.max(-1, Math.min(1, value / high))
    : Math.max(0, Math.min(1, (value - low) / (high - low)));
}

/** `1st`, `2nd`, `3rd`, `11th`. */
export function ordinal(rank: number): string {
  const tens = rank % 100;
  const ending = tens >= 11 && tens <= 13 ? 'th' : (['th', 'st', 'nd', 'rd'][rank % 10] ?? 'th');
  return `${rank}${ending}`;
}
