import type { CorpusReference } from '../corpus/corpus.ts';
import type { OtherDictionary, ScanExample } from './scan-protocol.ts';
import type { Progress, Ticket } from './protocol.ts';

/** Finding features of the current dictionary, and comparing texts and dictionaries. */
export interface SearchApi {
  /** Features by the text that fires them. */
  byText(request: TextSearchRequest, ticket: Ticket): Promise<FoundFeature[]>;
  /** Features by the effect of a unit of them on a token's logit, over the direct path (see `FeatureCard`). */
  byToken(request: TokenSearchRequest, ticket: Ticket): Promise<TokenSearch>;
  /** Tokens of a scanned corpus on which all of some features fire and none of others. */
  together(
    request: TogetherRequest,
    ticket: Ticket,
    onProgress: (progress: Progress) => void,
  ): Promise<TogetherExamples>;
  /** For every latent of the current dictionary its match in another on the same hook. */
  match(
    request: MatchRequest,
    ticket: Ticket,
    onProgress: (progress: Progress) => void,
  ): Promise<DictionaryMatch>;
  /** Decoder rows of unit length, [F, d] row-major, projected to at most `most` dimensions. */
  directions(most: number, ticket: Ticket): Promise<Directions>;
  /** For every feature those whose decoder rows point most nearly the same way, exactly. */
  neighbours(
    request: NeighboursRequest,
    ticket: Ticket,
    onProgress: (progress: Progress) => void,
  ): Promise<Neighbours>;
}

/** How features of a text are ranked. */
export type TextRank = 'total' | 'max' | 'contrast' | 'specificity';

export interface TextSearchRequest {
  text: string;
  /** For `contrast`: features are ranked by mean here minus mean there. */
  against?: string;
  rank: TextRank;
  /** [F] firing rates of a scan, for `specificity`: mean here × ln(1 / rate). */
  rates?: Float32Array;
  most: number;
}

export interface FoundFeature {
  feature: number;
  /** What it is ranked by. */
  score: number;
  /** Over the tokens of the text, row 0 excluded: sum, largest, and tokens it fires on. */
  total: number;
  max: number;
  tokens: number;
  /** The same of the other text; 0 without one. */
  againstTotal: number;
  againstMax: number;
  againstTokens: number;
}

export interface TokenSearchRequest {
  /** Exactly one token of the model, with its leading space if it has one; a text of several is refused by name. */
  token: string;
  order: 'promoted' | 'suppressed';
  most: number;
}

export interface TokenSearch {
  token: { id: number; text: string };
  /** Logit change per unit of activation, minus the mean over the vocabulary. */
  found: { feature: number; logit: number }[];
}

export interface TogetherRequest {
  corpus: CorpusReference;
  /** On the same token, or anywhere in the same text. */
  within: 'token' | 'text';
  all: number[];
  none: number[];
  most: number;
}

export interface TogetherExamples {
  /** Tokens or texts looked at, and those that fit. */
  looked: number;
  fitting: number;
  /** `values` are of the first feature of `all`. */
  examples: ScanExample[];
}

export interface MatchRequest {
  other: OtherDictionary;
  /** Also by firing on the same tokens of this corpus (its first items). */
  corpus?: CorpusReference;
  items?: number;
}

export interface DictionaryMatch {
  /** Ids and latents of both. */
  dictionary: string;
  other: string;
  otherLatents: number;
  /** [F] latent of the other with the most similar decoder row, and the cosine. */
  nearest: Uint32Array;
  cosine: Float32Array;
  /** [F] latent of the other that fires on the same tokens most, by Jaccard; 0xffffffff where it never fires. */
  partner?: Uint32Array;
  jaccard?: Float32Array;
  /** Tokens co-firing was counted on. */
  tokens: number;
}

export interface Directions {
  dictionaryDigest: string;
  features: number;
  dimensions: number;
  /** A row without length, of a dead feature, is all zeros. */
  data: Float32Array<ArrayBuffer>;
  /** Whether directions were projected (random, seeded), or are exact. */
  projected: boolean;
}

export interface NeighboursRequest {
  /** For each feature, 1 … 256; fewer where there are not as many others. */
  k: number;
  /** Which to look among, in rising order; default all. */
  features?: Uint32Array<ArrayBuffer>;
}

export interface Neighbours {
  dictionaryDigest: string;
  /** [n] those of the asked whose decoder row has a length: the others point nowhere. */
  features: Uint32Array<ArrayBuffer>;
  k: number;
  /** [n · k] places in `features`, most similar first (ties: lowest first), never the feature itself; and the cosines. */
  indices: Uint32Array<ArrayBuffer>;
  cosines: Float32Array<ArrayBuffer>;
}
