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
  /** [rows] numbers of the labels each token carries; absent where texts have none. */
  labels?: readonly ArrayLike<number>[];
  labelNames: readonly string[];
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
 * the label, the highest such. A threshold is a value on the sample, or 0. It is chosen on the tokens it is judged on.
 * @returns best F1 first
 */
export function labelThresholds(
  { labels = [], labelNames }: Pick<KnownTexts, 'labels' | 'labelNames'>,
  values: Float32Array,
  most: number,
): LabelThreshold[] {
  const carried = new Uint32Array(labelNames.length);
  for (const own of labels) for (let i = 0; i < own.length; i++) carried[own[i]!]! += 1;
  const firing = Array.from(values.keys())
    .filter((i) => values[i]! > 0)
    .sort((a, b) => values[b]! - values[a]!);
  const hits = new Uint32Array(labelNames.length);
  const best = new Map<number, LabelThreshold>();
  for (let from = 0; from < firing.length;) {
    const value = values[firing[from]!]!;
    let to = from;
    const touched = new Set<number>();
    for (; to < firing.length && values[firing[to]!] === value; to++) {
      const own = labels[firing[to]!] ?? [];
      for (let i = 0; i < own.length; i++) {
        hits[own[i]!]! += 1;
        touched.add(own[i]!);
      }
    }
    const threshold = to < firing.length ? values[firing[to]!]! : 0;
    // Without a new hit a lower threshold only adds false alarms.
    for (const label of touched) {
      const f1 = (2 * hits[label]!) / (to + carried[label]!);
      if (carried[label]! < LEAST_LABELLED || f1 <= (best.get(label)?.f1 ?? 0)) continue;
      best.set(label, {
        label: labelNames[label]!,
        threshold,
        precision: hits[label]! / to,
        recall: hits[label]! / carried[label]!,
        f1,
        tokens: carried[label]!,
      });
    }
    from = to;
  }
  return [...best.values()].toSorted((a, b) => b.f1 - a.f1 || (a.label < b.label ? -1 : 1)).slice(0, most);
}
