import { type ChosenFit, fitLatent, type LabelledTokens } from './label-fit.ts';
import { lowerBound } from './partners-bound.ts';
import type { TokenSample } from './scan-state.ts';

/** What is known of the texts that a sample's tokens are of. */
export interface KnownTexts {
  /** Rows of the sample whose texts were looked up, in any order. */
  rows: Uint32Array;
  /** [rows] which of `metadata` each is of. */
  text: Uint32Array;
  /** [texts] values of the fields. */
  metadata: readonly (readonly string[])[];
  fields: readonly string[];
  /** Labels of the rows' tokens; absent where texts have none. */
  labelled?: LabelledTokens;
}

/** [known rows] a feature's value. */
export function sampledValues(
  { offsets, indices, values }: TokenSample,
  rows: Uint32Array,
  feature: number,
): Float32Array {
  return Float32Array.from(rows, (row) => {
    for (let e = offsets[row]!; e < offsets[row + 1]!; e++) if (indices[e] === feature) return values[e]!;
    return 0;
  });
}

/** Columns that are looked at, and values a column may have before it is taken for free text. */
const MOST_FIELDS = 64;
const MOST_VALUES = 200;
const LEAST_FIRINGS = 5;

export interface MetadataFit {
  field: string;
  value: string;
  share: number;
  rate: number;
  lift: number;
}

/**
 * Values of metadata over-represented among a feature's firings; see `FeatureAbout`. Tokens of one text are no independent
 * witnesses: the lower end of the 95 % interval of the share, with a text on which it fires as one observation, must be above the rate. The largest such
 * bound over the rate first.
 */
export function metadataFits(
  { text, metadata, fields }: KnownTexts,
  values: Float32Array,
  most: number,
): MetadataFit[] {
  const texts = new Set(text.filter((_, i) => values[i]! > 0));
  const firing = values.reduce((sum, value) => sum + (value > 0 ? 1 : 0), 0);
  if (firing < LEAST_FIRINGS) return [];
  const fits: (MetadataFit & { bound: number })[] = [];
  fields.slice(0, MOST_FIELDS).forEach((field, column) => {
    const found = new Map<string, { all: number; fires: number }>();
    for (let i = 0; i < text.length; i++) {
      const value = metadata[text[i]!]![column] ?? '';
      const counts = found.get(value) ?? { all: 0, fires: 0 };
      if (counts.all === 0 && found.size > MOST_VALUES) break;
      counts.all += 1;
      if (values[i]! > 0) counts.fires += 1;
      found.set(value, counts);
    }
    if (found.size > MOST_VALUES) return;
    for (const [value, { all, fires }] of found) {
      const share = fires / firing;
      const rate = all / text.length;
      const bound = lowerBound(share * texts.size, texts.size) / rate;
      if (fires >= LEAST_FIRINGS && bound > 1)
        fits.push({ field, value, share, rate, lift: share / rate, bound });
    }
  });
  return fits
    .toSorted((a, b) => b.bound - a.bound || (a.value < b.value ? -1 : 1))
    .slice(0, most)
    .map(({ field, value, share, rate, lift }) => ({ field, value, share, rate, lift }));
}

/** Labels on fewer tokens than this are left out: one lucky firing would be a perfect score. */
export const LEAST_LABELLED = 8;

export interface LabelThreshold {
  label: string;
  threshold: number;
  precision: number;
  recall: number;
  f1: number;
  /** Tokens that carry it. */
  tokens: number;
}

/**
 * How well "its value is above a threshold" tells each label: precision, recall and F1 at the threshold that is best for
 * the label, as `fitLatent` finds it. It is chosen on the tokens it is judged on.
 * @returns best F1 first
 */
export function labelThresholds(
  labelled: LabelledTokens | undefined,
  values: Float32Array,
  most: number,
): LabelThreshold[] {
  if (!labelled) return [];
  const tokens = Uint32Array.from(values.keys()).filter((i) => values[i]! > 0);
  const best: (ChosenFit | undefined)[] = [];
  fitLatent(0, { tokens, values: Float32Array.from(tokens, (i) => values[i]!) }, labelled, best);
  return best
    .flatMap((fit, label): LabelThreshold[] => {
      const carried = labelled.totals[label]!;
      if (!fit || carried < LEAST_LABELLED) return [];
      const { threshold, hits, fired, f1 } = fit;
      const [precision, recall] = [hits / fired, hits / carried];
      return [{ label: labelled.names[label]!, threshold, precision, recall, f1, tokens: carried }];
    })
    .toSorted((a, b) => b.f1 - a.f1 || (a.label < b.label ? -1 : 1))
    .slice(0, most);
}
