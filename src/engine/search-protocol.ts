import type { CorpusReference } from '../corpus/corpus.ts';
import type { CodesRecord, Progress, Ticket, TokenRecord } from './protocol.ts';
import type { OtherDictionary, ScanExample } from './scan-protocol.ts';

/** Finding features of the current dictionary, and comparing texts and dictionaries. */
export interface SearchApi {
  /** Features by the text that fires them. */
  byText(request: TextSearchRequest, ticket: Ticket): Promise<TextSearch>;
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
  /** [F] firing rates of a scan, above 0, for `specificity`: mean here × ln(1 / rate). */
  rates?: Float32Array;
  /** Features wanted, of those that fire on either text. */
  most: number;
}

/** A text as it was searched by. One longer than the context is read in consecutive windows, each after the prefix. */
export interface SearchedText {
  /** Without what is read before a window. */
  tokens: TokenRecord[];
  /** A row a token. Rows that are not counted, the first of every window that has nothing before it, are empty. */
  codes: CodesRecord;
  /** Tokens counted: what means are over. */
  counted: number;
}

export interface TextSearch {
  /** Best first, equal ones by number. */
  found: FoundFeature[];
  /** Features that fire on either text. */
  firing: number;
  text: SearchedText;
  against?: SearchedText;
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
  /** Tokens of the scan's sample that were looked at, or texts that have some in it; and those of them that fit. */
  looked: number;
  fitting: number;
  /** Where the weakest of `all` is strongest comes first. Texts that do not fit when read in full are left out. */
  examples: TogetherExample[];
}

/** `values` and `value` are of the first feature of the request's `all`. */
export interface TogetherExample extends ScanExample {
  /** [tokens] of each feature of the request's `all`. */
  all: Float32Array[];
}

export interface MatchRequest {
  other: OtherDictionary;
  /** Also by firing on the same tokens of this corpus: its first `items`, or as many as can be counted. */
  corpus?: CorpusReference;
  items?: number;
}

/** F latents of the current dictionary, F' of the other; 0xffffffff stands for none. */
export interface DictionaryMatch {
  /** Ids and latents of both. */
  dictionary: string;
  dictionaryDigest: string;
  other: string;
  otherDigest: string;
  latents: number;
  otherLatents: number;
  /** [F] latent of the other with the most similar decoder row, and the cosine; none and 0 for a row of zeros. */
  nearest: Uint32Array;
  cosine: Float32Array;
  /** [F'] the other way round. */
  backNearest: Uint32Array;
  backCosine: Float32Array;
  /** Without a corpus there is none. */
  firing?: CoFiring;
}

export interface CoFiring {
  /** Tokens and items counted, row 0 of every window left out. */
  tokens: number;
  items: number;
  /** [F] latent of the other that fires on the same tokens most, by Jaccard: tokens of both over tokens of either. */
  partner: Uint32Array;
  jaccard: Float32Array;
  /** [F] tokens it fires on, and those its partner does, too. */
  count: Uint32Array;
  together: Uint32Array;
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
