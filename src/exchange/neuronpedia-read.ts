import * as v from 'valibot';
import { type Explanation, MAX_DESCRIPTION, MAX_NAME, MAX_SCORES } from './explanation.ts';
import { checked, finite, parseJson, refused, text, wholeNumber } from './read-file.ts';

/** A feature as another page showed it: to look at beside what is measured here, never in its place. */
export interface ImportedFeature {
  /** `modelId/layer`. */
  source: string;
  feature: number;
  /** What the numbers are multiplied with against the dictionary's own, in words. */
  unit: 'decoder-norm-folded' | 'dictionary';
  density?: number;
  max?: number;
  promoted: ImportedEffect[];
  suppressed: ImportedEffect[];
  /** Of values above zero: the middle of each bar, and its height. */
  histogram: { values: number[]; heights: number[] };
  logits: { values: number[]; heights: number[] };
  neighbours: { feature: number; cosine: number }[];
  explanations: Explanation[];
  examples: ImportedExample[];
}

export interface ImportedEffect {
  text: string;
  logit: number;
}

export interface ImportedExample {
  tokens: string[];
  values: number[];
  /** Absent for the top examples. */
  interval?: { low: number; high: number; share: number };
  attribution?: { values: number[]; target: number };
}

/** Code units of a feature's file. */
const MAX_FILE = 64_000_000;
const MAX_EXAMPLES = 60;
const MAX_TOKENS = 1_024;
const MAX_TOKEN = 200;
const MAX_EFFECTS = 100;
const MAX_BARS = 500;
/** What it gives for the logit of a token that is none. */
const NO_LOGIT = -10_000;

const numbers = (most: number) => v.pipe(v.array(v.nullable(finite)), v.maxLength(most));
const absent = <Schema extends v.GenericSchema>(schema: Schema) => v.nullish(schema);
const strings = (most: number) => v.pipe(v.array(v.nullable(text(MAX_TOKEN))), v.maxLength(most));
const score = v.object({
  value: absent(finite),
  explanationScoreTypeName: absent(text(MAX_NAME)),
  type: absent(text(MAX_NAME)),
});

export const neuronpediaExplanation = v.object({
  modelId: absent(text(MAX_NAME)),
  layer: absent(text(MAX_NAME)),
  index: absent(wholeNumber),
  description: absent(text(MAX_DESCRIPTION)),
  typeName: absent(text(MAX_NAME)),
  explanationModelName: absent(text(MAX_NAME)),
  scores: absent(v.pipe(v.array(score), v.maxLength(1_000))),
});

const activation = v.object({
  tokens: strings(MAX_TOKENS),
  values: numbers(MAX_TOKENS),
  binMin: absent(finite),
  binMax: absent(finite),
  binContains: absent(finite),
  dfaValues: absent(numbers(MAX_TOKENS)),
  dfaTargetIndex: absent(v.pipe(finite, v.minValue(0), v.maxValue(MAX_TOKENS))),
});

const bars = absent(numbers(MAX_BARS));
const fileSchema = v.object({
  modelId: text(MAX_NAME),
  layer: text(MAX_NAME),
  index: wholeNumber,
  maxActApprox: absent(finite),
  frac_nonzero: absent(finite),
  pos_str: absent(strings(MAX_EFFECTS)),
  pos_values: absent(numbers(MAX_EFFECTS)),
  neg_str: absent(strings(MAX_EFFECTS)),
  neg_values: absent(numbers(MAX_EFFECTS)),
  freq_hist_data_bar_values: bars,
  freq_hist_data_bar_heights: bars,
  logits_hist_data_bar_values: bars,
  logits_hist_data_bar_heights: bars,
  topkCosSimIndices: absent(numbers(MAX_EFFECTS)),
  topkCosSimValues: absent(numbers(MAX_EFFECTS)),
  explanations: absent(v.pipe(v.array(neuronpediaExplanation), v.maxLength(1_000))),
  activations: absent(v.pipe(v.array(activation), v.maxLength(10_000))),
  facet: absent(v.object({ unit: absent(v.picklist(['decoder-norm-folded', 'dictionary'])) })),
});

type Row = v.InferOutput<typeof neuronpediaExplanation>;
type NumberList = readonly (number | null)[] | null | undefined;

/** @returns undefined where it says nothing */
export function explanationOf(row: Row, source: string): Explanation | undefined {
  const description = row.description?.trim() ?? '';
  if (description === '') return undefined;
  const scores = (row.scores ?? [])
    .flatMap(({ value, explanationScoreTypeName, type }) =>
      value == null ? [] : [{ type: explanationScoreTypeName ?? type ?? '', value }],
    )
    .slice(0, MAX_SCORES);
  return {
    description,
    type: row.typeName ?? '',
    author: row.explanationModelName ?? '',
    source,
    scores,
  };
}

/**
 * A feature in Neuronpedia's JSON, its own or Facet's (`writeNeuronpedia`).
 * @throws FacetError `bad-input` saying which part is wrong
 */
export function readNeuronpedia(content: string): ImportedFeature {
  const file = checked(fileSchema, parseJson(content, MAX_FILE));
  const source = `${file.modelId}/${file.layer}`;
  // Facet writes text; others the tokenizer's own characters for space and newline.
  const shown = (token: string | null): string => {
    const plain = token ?? '';
    return file.facet ? plain : plain.replaceAll('Ġ', ' ').replaceAll('▁', ' ').replaceAll('Ċ', '\n');
  };
  return {
    source,
    feature: file.index,
    unit: file.facet?.unit ?? 'decoder-norm-folded',
    density: file.frac_nonzero ?? undefined,
    max: file.maxActApprox ?? undefined,
    promoted: effects(file.pos_str?.map(shown), file.pos_values),
    suppressed: effects(file.neg_str?.map(shown), file.neg_values),
    histogram: barsOf(file.freq_hist_data_bar_values, file.freq_hist_data_bar_heights),
    logits: barsOf(file.logits_hist_data_bar_values, file.logits_hist_data_bar_heights),
    neighbours: pairs(file.topkCosSimIndices, file.topkCosSimValues)
      .filter(([feature]) => Number.isInteger(feature) && feature >= 0)
      .map(([feature, cosine]) => ({ feature, cosine })),
    explanations: (file.explanations ?? []).flatMap((row) => explanationOf(row, source) ?? []),
    examples: (file.activations ?? []).slice(0, MAX_EXAMPLES).map((row) => example(row, shown)),
  };
}

function example(
  row: v.InferOutput<typeof activation>,
  shown: (token: string | null) => string,
): ImportedExample {
  const { tokens, values, binMin, binMax, binContains, dfaValues, dfaTargetIndex } = row;
  if (tokens.length !== values.length)
    throw refused(`has an example of ${tokens.length} tokens with ${values.length} values`);
  const known = (list: readonly (number | null)[]): number[] => list.map((value) => value ?? 0);
  const inInterval = binMin != null && binMax != null && binContains != null && binContains >= 0;
  const attributed = dfaValues?.length === tokens.length && dfaTargetIndex != null;
  return {
    tokens: tokens.map(shown),
    values: known(values),
    ...(inInterval && { interval: { low: binMin, high: binMax, share: binContains } }),
    ...(attributed && { attribution: { values: known(dfaValues), target: dfaTargetIndex } }),
  };
}

/** Two lists side by side, without the places where either has no number. */
function pairs(a: NumberList, b: NumberList): [number, number][] {
  return (a ?? []).flatMap((first, i) => {
    const second = b?.[i];
    return first == null || second == null ? [] : [[first, second] as [number, number]];
  });
}

function barsOf(values: NumberList, heights: NumberList): ImportedFeature['histogram'] {
  const both = pairs(values, heights);
  return { values: both.map(([value]) => value), heights: both.map(([, height]) => height) };
}

function effects(tokens: readonly string[] | undefined, logits: NumberList): ImportedEffect[] {
  return (tokens ?? []).flatMap((token, i) => {
    const logit = logits?.[i];
    return logit == null || logit <= NO_LOGIT ? [] : [{ text: token, logit }];
  });
}
