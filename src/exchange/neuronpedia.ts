import type { ExampleGroup, FeaturePartners, ScanExample } from '../engine/protocol.ts';
import { type FeatureRecord, filledBins } from './feature-record.ts';

/** The parts of Neuronpedia's feature JSON that Facet writes. `facet` is its own: what the names leave open. */
export interface NeuronpediaFeature {
  modelId: string;
  layer: string;
  index: string;
  sourceSetName: string;
  hookName: string;
  maxActApprox?: number;
  frac_nonzero?: number;
  pos_str: string[];
  pos_values: number[];
  neg_str: string[];
  neg_values: number[];
  freq_hist_data_bar_values: number[];
  freq_hist_data_bar_heights: number[];
  logits_hist_data_bar_values: number[];
  logits_hist_data_bar_heights: number[];
  topkCosSimIndices: number[];
  topkCosSimValues: number[];
  explanations: NeuronpediaExplanation[];
  activations: NeuronpediaActivation[];
  facet: {
    version: 1;
    modelDigest: string;
    dictionary: string;
    dictionaryDigest: string;
    /** `decoder-norm-folded`: activations are times the norm of the decoder row, logits per unit are divided by it. */
    unit: 'decoder-norm-folded' | 'dictionary';
    decoderNorm?: number;
    /** What activations are of. */
    corpus?: { name: string; items: number; totalItems: number; tokens: number };
    /** Edges of the bars of `freq_hist_data`, whose values are the middles. */
    freq_hist_edges: number[];
    /** Features that fire on the same tokens. */
    partners: FeaturePartners['partners'];
    note: string;
    link?: string;
  };
}

export interface NeuronpediaExplanation {
  description: string;
  typeName: string;
  explanationModelName: string;
  scores: { explanationScoreTypeName: string; value: number }[];
}

export interface NeuronpediaActivation {
  tokens: string[];
  values: number[];
  maxValue: number;
  maxValueTokenIndex: number;
  minValue: number;
  /** −1 for the top examples, which are of no interval. */
  binMin: number;
  binMax: number;
  /** Share of the feature's firings in the interval; −1 for the top examples. */
  binContains: number;
  dfaValues?: number[];
  dfaTargetIndex?: number;
  dfaMaxValue?: number;
}

/** What it calls one's own label. */
export const OWN_LABEL = 'facet_own-label';

/** `res_pre` of `blocks.2.hook_resid_pre` and so on: the site part of a source set's name. */
function siteOf(hook: string): string {
  const residual = /hook_resid_(pre|mid|post)$/.exec(hook);
  if (residual) return `res_${residual[1]}`;
  if (/attn\.hook_|hook_attn_out$/.test(hook)) return 'att';
  return /mlp/.test(hook) ? 'mlp' : 'other';
}

/**
 * Its source as Neuronpedia names them, `{layer}-{set}`. Neuronpedia's `res-jb` is resid_pre, other sets are resid_post;
 * here the set says which.
 */
export function sourceOf(hook: string): { layer: string; set: string } {
  const set = `${siteOf(hook)}-facet`;
  return { layer: `${/^blocks\.(\d+)\./.exec(hook)?.[1] ?? '0'}-${set}`, set };
}

/**
 * A feature as Neuronpedia's API gives it. Its numbers are those of dictionaries whose decoder rows are of unit length
 * (SAELens `fold_W_dec_norm`), so activations are times the row's norm and logits divided by it, wherever the norm is
 * known. Density is the share of tokens above zero; histograms leave zeros out.
 */
export function writeNeuronpedia(record: FeatureRecord): NeuronpediaFeature {
  const { card, statistics, dictionary, model } = record;
  const norm = card && card.decoderNorm > 0 ? card.decoderNorm : undefined;
  const folded = (value: number): number => value * (norm ?? 1);
  const perUnit = (logit: number): number => logit / (norm ?? 1);
  const { layer, set } = sourceOf(dictionary.hook);
  const { from, to } = statistics ? filledBins(statistics) : { from: 0, to: 0 };
  const edges = statistics ? statistics.edges.slice(from, to + 1).map(folded) : [];
  return {
    modelId: model.id,
    layer,
    index: String(record.feature),
    sourceSetName: set,
    hookName: dictionary.hook,
    maxActApprox: statistics && folded(statistics.max),
    frac_nonzero: statistics && statistics.tokens > 0 ? statistics.count / statistics.tokens : undefined,
    pos_str: card?.promoted.map(({ text }) => text) ?? [],
    pos_values: card?.promoted.map(({ logit }) => perUnit(logit)) ?? [],
    neg_str: card?.suppressed.map(({ text }) => text) ?? [],
    neg_values: card?.suppressed.map(({ logit }) => perUnit(logit)) ?? [],
    freq_hist_data_bar_values: middles(edges),
    freq_hist_data_bar_heights: statistics?.histogram.slice(from, to) ?? [],
    logits_hist_data_bar_values: middles(Array.from(card?.effects?.edges ?? [], perUnit)),
    logits_hist_data_bar_heights: [...(card?.effects?.counts ?? [])],
    topkCosSimIndices: card?.neighbours.map(({ index }) => index) ?? [],
    topkCosSimValues: card?.neighbours.map(({ cosine }) => cosine) ?? [],
    explanations: explanationsOf(record),
    activations: (record.examples?.groups ?? [])
      .filter(({ kind }) => kind !== 'near-miss')
      .flatMap((group) => group.examples.map((example) => activation(record, group, example, folded))),
    facet: {
      version: 1,
      modelDigest: model.digest,
      dictionary: dictionary.id,
      dictionaryDigest: dictionary.digest,
      unit: norm === undefined ? 'dictionary' : 'decoder-norm-folded',
      decoderNorm: norm,
      corpus: statistics && {
        name: statistics.corpus,
        items: statistics.items,
        totalItems: statistics.totalItems,
        tokens: statistics.tokens,
      },
      freq_hist_edges: edges.length > 1 ? edges : [],
      partners: record.partners?.partners ?? [],
      note: record.note,
      link: record.link,
    },
  };
}

const middles = (edges: readonly number[]): number[] =>
  edges.slice(1).map((edge, i) => (edge + edges[i]!) / 2);

function explanationsOf({ label, explanations }: FeatureRecord): NeuronpediaExplanation[] {
  const own =
    label === '' ? [] : [{ description: label, typeName: OWN_LABEL, explanationModelName: '', scores: [] }];
  return [
    ...own,
    ...explanations.map(({ description, type, author, scores }) => ({
      description,
      typeName: type,
      explanationModelName: author,
      scores: scores.map((score) => ({ explanationScoreTypeName: score.type, value: score.value })),
    })),
  ];
}

function activation(
  { attributions }: FeatureRecord,
  group: ExampleGroup,
  example: ScanExample,
  folded: (value: number) => number,
): NeuronpediaActivation {
  const values = Array.from(example.values, folded);
  const top = group.kind === 'top';
  const dfa = attributions?.get(example);
  const dfaValues = dfa && Array.from(dfa.values, folded);
  return {
    tokens: example.tokens,
    values,
    maxValue: folded(example.value),
    maxValueTokenIndex: example.at,
    minValue: values.reduce((least, value) => Math.min(least, value), Infinity),
    binMin: top ? -1 : folded(group.low),
    binMax: folded(group.high),
    binContains: top ? -1 : group.share,
    ...(dfaValues && {
      dfaValues,
      dfaTargetIndex: dfa.target,
      dfaMaxValue: dfaValues.reduce((most, value) => Math.max(most, value), -Infinity),
    }),
  };
}
