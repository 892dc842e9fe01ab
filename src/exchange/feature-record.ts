import type {
  DictionaryInfo,
  FeatureAbout,
  FeatureCard,
  FeaturePartners,
  ModelInfo,
  ScanExample,
  ScanExamples,
  ScanStatistics,
} from '../engine/protocol.ts';
import type { Explanation } from './explanation.ts';

/** Everything that is known of one feature, for a file about it. What is absent was not measured. */
export interface FeatureRecord {
  feature: number;
  model: Pick<ModelInfo, 'id' | 'title' | 'digest'>;
  dictionary: Pick<
    DictionaryInfo,
    'id' | 'title' | 'digest' | 'hook' | 'hookOut' | 'architecture' | 'dSae' | 'k'
  >;
  card?: FeatureCard;
  statistics?: FeatureStatistics;
  examples?: ScanExamples;
  /** Where values of examples come from, by the tokens read. */
  attributions?: ReadonlyMap<ScanExample, ExampleAttribution>;
  partners?: FeaturePartners;
  about?: FeatureAbout;
  label: string;
  note: string;
  explanations: readonly Explanation[];
  /** Address of its page. */
  link?: string;
  /** Milliseconds since 1970. */
  made: number;
}

/** One feature's part of a scan. */
export interface FeatureStatistics {
  corpus: string;
  /** Read so far, of how many. */
  items: number;
  totalItems: number;
  tokens: number;
  count: number;
  mean: number;
  max: number;
  /** bins + 1 edges, log-spaced, and tokens in each; only tokens on which it is active. */
  edges: number[];
  histogram: number[];
}

/**
 * How much each token of an example brings to the pre-activation at one of them, summed over heads; what is read before a
 * text and the encoder's constant are left out.
 */
export interface ExampleAttribution {
  /** [tokens] as of the example. */
  values: ArrayLike<number>;
  /** The token whose value is explained, of the example's. */
  target: number;
}

export function featureStatistics(scan: ScanStatistics, feature: number): FeatureStatistics {
  const { bins, corpus } = scan;
  const count = scan.count[feature] ?? 0;
  return {
    corpus: corpus.name,
    items: scan.items,
    totalItems: corpus.items,
    tokens: scan.tokens,
    count,
    mean: count > 0 ? scan.sum[feature]! / count : 0,
    max: scan.max[feature] ?? 0,
    edges: [...scan.edges],
    histogram: [...scan.histogram.subarray(feature * bins, (feature + 1) * bins)],
  };
}

/** From the first bin that is not empty to the last. */
export function filledBins({ histogram }: FeatureStatistics): { from: number; to: number } {
  const from = histogram.findIndex((count) => count > 0);
  const to = histogram.findLastIndex((count) => count > 0) + 1;
  return from < 0 ? { from: 0, to: 0 } : { from, to };
}
