import { type FeatureRecord } from './feature-record.ts';

/** The layout of feature files of sae_vis and of Anthropic's and circuit-tracer's pages. */
export interface QuantileFeature {
  index: number;
  examples_quantiles: {
    quantile_name: string;
    examples: { tokens: string[]; tokens_acts_list: number[]; train_token_ind: number }[];
  }[];
  top_logits: string[];
  bottom_logits: string[];
}

/** Activations are in the dictionary's own units; groups are of equal width of value, and named by it. */
export function writeQuantiles({ feature, card, examples }: FeatureRecord): QuantileFeature {
  return {
    index: feature,
    examples_quantiles: (examples?.groups ?? [])
      .filter((group) => group.examples.length > 0)
      .map(({ kind, low, high, share, examples: all }) => ({
        quantile_name: {
          top: 'Top activations',
          interval: `Interval ${low.toPrecision(4)} - ${high.toPrecision(4)}, contains ${(100 * share).toPrecision(3)}%`,
          'near-miss': 'Near misses',
        }[kind],
        examples: all.map(({ tokens, values, at }) => ({
          tokens,
          tokens_acts_list: [...values],
          train_token_ind: at,
        })),
      })),
    top_logits: card?.promoted.map(({ text }) => text) ?? [],
    bottom_logits: card?.suppressed.map(({ text }) => text) ?? [],
  };
}
