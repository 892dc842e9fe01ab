import type { CorpusReference } from '../corpus/corpus.ts';
import type { FileSet, FolderReference } from './inspection.ts';
import type { Progress, Ticket } from './protocol.ts';

export type { CorpusReference } from '../corpus/corpus.ts';

/**
 * Questions about many texts under the current dictionary. A scan is named by corpus, model and dictionary (by digest)
 * and how weights are stored; whatever it has read is kept on this device, in whole chunks.
 *
 * A position of an item is a token of it, from 0, without what is read before a text. A text longer than the context is read
 * in consecutive windows, each with the prefix before it. Row 0 of every window is out of all figures, whether or not it
 * is of the text.
 */
export interface ScanApi {
  /**
   * Reads a corpus, from where the same scan was left off. Cancelling keeps the chunks that are done: that is also how to
   * pause. The result does not depend on how often it was stopped.
   * @param onPartial what there is so far, every few seconds
   */
  run(
    request: ScanRequest,
    ticket: Ticket,
    onProgress: (progress: Progress) => void,
    onPartial: (statistics: ScanStatistics) => void,
  ): Promise<ScanStatistics>;
  /** What is kept of scans, of any model and dictionary. */
  kept(): Promise<KeptScan[]>;
  /** What is kept of one, without reading on. `undefined`: nothing. */
  load(corpus: CorpusReference, ticket: Ticket): Promise<ScanStatistics | undefined>;
  remove(id: string): Promise<void>;
  /** Everything a scan knows, for a file. */
  dump(corpus: CorpusReference, ticket: Ticket): Promise<ScanDump>;
  /** Texts on which a feature fires, by size of its value. */
  examples(request: ScanExamplesRequest, ticket: Ticket): Promise<ScanExamples>;
  /** Features that fire on the same tokens, over the scan's sample of tokens. */
  partners(request: ScanFeatureRequest, ticket: Ticket): Promise<FeaturePartners>;
  /** What tells where a feature fires: metadata of the texts and, for Storyworld, labels of the tokens. */
  about(request: ScanFeatureRequest, ticket: Ticket): Promise<FeatureAbout>;
  /**
   * For every Storyworld label the latent of a dictionary that tells it best. Reads samples of its own.
   * @param onPartial measured on the part of the fresh sample read so far, every few seconds
   */
  labelTable(
    request: LabelTableRequest,
    ticket: Ticket,
    onProgress: (progress: Progress) => void,
    onPartial: (table: LabelTable) => void,
  ): Promise<LabelTable>;
}

export interface ScanRequest {
  corpus: CorpusReference;
  /** Forgets what was kept and begins anew. */
  anew?: boolean;
}

export interface KeptScan {
  id: string;
  /** See `corpusId`. */
  corpus: string;
  corpusName: string;
  model: string;
  dictionary: string;
  items: number;
  totalItems: number;
  tokens: number;
  bytes: number;
  /** Milliseconds since 1970. */
  changed: number;
}

/** F = d_sae. */
export interface ScanStatistics {
  id: string;
  corpus: { id: string; name: string; items: number; metadata: string[] };
  model: string;
  modelDigest: string;
  dictionary: string;
  dictionaryDigest: string;
  /** Items read so far; all of them: the scan is complete. */
  items: number;
  /** Tokens counted: row 0 of every window is not. */
  tokens: number;
  /** Items of more than one window. */
  longItems: number;
  /** Items the model's tokenizer has no tokens for: they are passed over. */
  unreadable?: number;
  /** For the visitor, e.g. that kept figures were of another version. */
  note?: string;
  /** [F] tokens on which the feature is active (value > 0). */
  count: Uint32Array;
  /** [F] sum and maximum of its values. */
  sum: Float64Array;
  max: Float32Array;
  /** Histogram of positive values: bin b of feature f is histogram[f · bins + b]; `edges` has bins + 1 values, log-spaced. */
  bins: number;
  edges: Float32Array;
  histogram: Uint32Array;
  /** [F] text of the token on which the best example of a feature has its largest value; '' where it never fires. */
  topTokens: string[];
}

/**
 * Top examples: the N texts with the largest values, one place (the first largest) a text. Strata: bin b of the histogram is
 * stratum b; of the places of each, M are kept, those with the smallest hash of (item, token), so that neither order nor
 * interruptions matter. Unused slots have item 0xffffffff.
 */
export interface ScanDump extends ScanStatistics {
  top: { perFeature: number; item: Uint32Array; token: Uint32Array; value: Float32Array };
  strata: {
    perFeature: number;
    perStratum: number;
    item: Uint32Array;
    token: Uint32Array;
    value: Float32Array;
  };
}

export interface ScanFeatureRequest {
  corpus: CorpusReference;
  feature: number;
}

export interface ScanExamplesRequest extends ScanFeatureRequest {
  /** Top examples wanted; default 20. */
  top?: number;
  /** Intervals between 0 and the maximum, of equal width, and examples of each; default 10 and 5. */
  intervals?: number;
  perInterval?: number;
  /**
   * Texts on which it almost fired: the largest would-be activations of tokens on which it is not active; default 0. Looked
   * for in the windows of the other examples asked for and in texts spread evenly over what was read.
   */
  nearMisses?: number;
}

/** One place in a text. */
export interface ScanExample {
  item: number;
  /** Values of the corpus's metadata. */
  metadata: string[];
  /** Tokens of the window that was read, without the prefix. `first`: position of the first of them in the item. */
  tokens: string[];
  first: number;
  /** What they are the tokens of, as it stands in the item. */
  text: string;
  /** [tokens] the feature's activation, 0 where it is not active. */
  values: Float32Array;
  /** Which of `tokens` the example is of. */
  at: number;
  /** Activation there; for a near miss what it would be if it fired, in the same units. */
  value: number;
  /** Of a near miss: what `value` had to exceed. The feature's threshold, or the least of the k that were kept there. */
  bar?: number;
}

export interface ExampleGroup {
  kind: 'top' | 'interval' | 'near-miss';
  /** Of values, inclusive from above: (low, high]. */
  low: number;
  high: number;
  /** Share of the feature's firings in the interval, and how many; NaN for near misses. */
  share: number;
  count: number;
  /** Whether `count` was counted; else it is estimated from a sample of the firings: see `intervalPlaces`. */
  exact: boolean;
  /** Of near misses: windows and tokens that were looked through. */
  searched?: { windows: number; tokens: number };
  examples: ScanExample[];
}

export interface ScanExamples {
  feature: number;
  statistics: string;
  groups: ExampleGroup[];
}

export interface FeaturePartners {
  feature: number;
  /** Tokens of the sample, and those of them on which the feature fires. */
  sampled: number;
  firing: number;
  /** Partners that met it on fewer sampled tokens are left out, and those that meet it no more often than by chance. */
  leastTogether: number;
  /** By Jaccard, largest first. */
  partners: {
    feature: number;
    /** Sampled tokens on which both fire, and on which the partner does. */
    together: number;
    firing: number;
    /** together / firing. */
    share: number;
    /** share / the partner's firing rate over the whole scan. */
    lift: number;
    /** Jaccard: together / tokens on which either fires, over the sample. */
    jaccard: number;
  }[];
}

/** Over those tokens of the scan's sample whose texts were looked up: all of them, or those of texts spread evenly. */
export interface FeatureAbout {
  feature: number;
  /** Texts, their sampled tokens, and those of them on which the feature fires. */
  texts: number;
  tokens: number;
  firing: number;
  /**
   * Values of metadata (for Storyworld: the register) over-represented among its firings. `share`: of the firings; `rate`: of
   * all the tokens; `lift`: share / rate.
   */
  metadata: { field: string; value: string; share: number; rate: number; lift: number }[];
  /**
   * Storyworld only: labels it tells best, by F1 at the threshold that suits each, chosen on these same tokens. `tokens`:
   * those that carry the label.
   */
  labels: (LabelFit & { tokens: number })[];
}

export interface LabelFit {
  /** `name=value` of `storyworld/labels.ts`. */
  label: string;
  /** −1: no latent tells anything of it. */
  feature: number;
  /** The feature says the label where its value is above this. */
  threshold: number;
  precision: number;
  recall: number;
  f1: number;
}

export interface LabelTableRequest {
  /** Default: the current one. */
  dictionary?: OtherDictionary;
  /** Items of the sample thresholds and latents are chosen on, and of the fresh one they are measured on. */
  chooseItems: number;
  chooseSeed: number;
  measureItems: number;
  measureSeed: number;
  /** Labels on more than this share of the tokens latents are chosen on are listed. Default 0.001. */
  leastRate?: number;
}

/**
 * A label is a pair of name and value of `storyworld/labels.ts`, of every name whose values are not places of the text. A
 * token carries the labels of the piece that holds its first code unit that is no white space. Rows of what is read before a
 * text, and in any case row 0, are out; items end where the context does.
 *
 * Chosen on one sample: of all latents that fire at least 5 times and, of each, 40 thresholds (0 and values that leave out
 * a fortieth of its firings, two fortieths, …), the pair with the highest F1 of “value > threshold”; of several the lowest
 * latent and its highest threshold. Which labels are listed is decided there too. Figures are of the other sample.
 */
export interface LabelTable {
  dictionary: string;
  dictionaryDigest: string;
  modelDigest: string;
  request: Required<Omit<LabelTableRequest, 'dictionary'>>;
  chooseTokens: number;
  measureItems: number;
  measureTokens: number;
  /** Measured on the fresh sample, most frequent first; shares of nothing are 0. */
  rows: LabelRow[];
  /** What each name of a label means. */
  meanings: Record<string, string>;
}

export interface LabelRow extends LabelFit {
  /** F1 on the sample it was chosen on. */
  chosenF1: number;
  /** Tokens of the fresh sample that carry the label, and their share of all. */
  tokens: number;
  rate: number;
}

/** Another dictionary of the open model. */
export type OtherDictionary = string | FileSet | FolderReference;
