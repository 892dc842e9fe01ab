import type { AttributionRecord } from '../analysis/heads/attribution-record.ts';
import type { Corpus } from '../analysis/heads/corpus.ts';
import type { ScoreInfo } from '../analysis/heads/scores/score.ts';
import type { FileSet } from './inspection.ts';
import type { Progress, Ticket } from './protocol.ts';
import type { LayerRoles, RolesRequest } from './roles-protocol.ts';
import type {
  AttentionTimes,
  AttentionTimesRequest,
  PatternInfo,
  SparsifiedText,
  SparsifyRequest,
} from './sparse-protocol.ts';

export type * from '../analysis/heads/attribution-record.ts';
export type { Corpus, ScoreInfo };
export type * from './roles-protocol.ts';
export type * from './sparse-protocol.ts';

/**
 * What may be asked about attention heads. Rows are those of `Analysis`: `prefix` rows that are not of the text, then the
 * window's tokens; T of them. L layers, H query heads a layer; heads are numbered 0 … H − 1 within a layer, and arrays
 * over all heads hold head h of layer l at l · H + h. Nothing here changes which dictionary is current.
 */
export interface HeadsApi {
  /** What one head, or a layer's average, attends to in a text. */
  pattern(request: PatternRequest, ticket: Ticket): Promise<PatternRecord>;
  /** Scores of every head over a corpus. @param onPartial what there is so far */
  scores(
    request: ScoresRequest,
    ticket: Ticket,
    onProgress: OnProgress,
    onPartial: (scores: HeadScores) => void,
  ): Promise<HeadScores>;
  /** What is lost when heads do nothing of their own: their z set to its mean over the text's register, one head at a time. */
  ablate(
    request: AblationRequest,
    ticket: Ticket,
    onProgress: OnProgress,
    onPartial: (effects: AblationEffects) => void,
  ): Promise<AblationEffects>;
  /** The same on one text: its loss, token by token, with some heads ablated together. */
  ablateHere(request: AblateHereRequest, ticket: Ticket): Promise<AblatedText>;
  /** What a head looks for (QK) and what it writes (OV), from the weights alone. */
  circuits(request: CircuitsRequest, ticket: Ticket, onProgress: OnProgress): Promise<HeadCircuits>;
  /** How the decoder rows of a dictionary on `hook_z` are spread over the heads. */
  shares(dictionary: string | FileSet, ticket: Ticket): Promise<HeadShares>;
  /** Where a feature's pre-activation, or a part of it, comes from. */
  attribute(request: AttributionRequest, ticket: Ticket): Promise<AttributionRecord>;
  /** The latents a layer's heads own, grouped into roles. */
  roles(
    request: RolesRequest,
    ticket: Ticket,
    onProgress: OnProgress,
    onPartial: (roles: LayerRoles) => void,
  ): Promise<LayerRoles>;
  /** The text with some heads under a sparse pattern, beside itself with dense attention. */
  sparsify(request: SparsifyRequest, ticket: Ticket, onProgress: OnProgress): Promise<SparsifiedText>;
  /** Time of the attention kernel against the share of blocks it visits, interleaved with dense. */
  attentionTimes(
    request: AttentionTimesRequest,
    ticket: Ticket,
    onProgress: OnProgress,
  ): Promise<AttentionTimes>;
  /** Every attention pattern there is, for menus. */
  patterns(): Promise<PatternInfo[]>;
}

type OnProgress = (progress: Progress) => void;

/** A window of a text, chosen as `AnalyzeRequest` does. */
export interface TextWindow {
  text: string;
  windowStart: number;
}

export interface HeadId {
  layer: number;
  head: number;
}

export interface PatternRequest extends TextWindow {
  layer: number;
  /** `null`: the mean over the layer's heads. */
  head: number | null;
  /**
   * `attention`: A[t, s]. `value`: A[t, s] · ‖v[s] W_O‖, the length of what is written, in units of the residual stream.
   * `scores`: scaled scores before the softmax, the lowest f32 where masked.
   */
  weighting: 'attention' | 'value' | 'scores';
}

export interface PatternRecord {
  layer: number;
  head: number | null;
  weighting: PatternRequest['weighting'];
  rows: number;
  /** [T, T], row = the token that looks (query), column = the token looked at (key). */
  values: Float32Array;
}

export interface ScoresRequest {
  corpus: Corpus;
}

export interface HeadScores {
  corpus: Corpus;
  /** Texts and tokens read so far. */
  texts: number;
  tokens: number;
  scores: {
    info: ScoreInfo;
    /** [L · H] mean over the texts, each weighted by the tokens it has to say something about; NaN without any. */
    values: Float32Array;
    /** [L · H] standard deviation between texts; NaN for what comes from the weights alone. */
    spread: Float32Array;
    /** Why there are no values, when the model or its tokenizer is the reason. */
    note?: string;
  }[];
}

export interface AblationRequest {
  corpus: Corpus;
  /** Default: every head. */
  heads?: HeadId[];
}

export interface AblationEffects {
  corpus: Corpus;
  texts: number;
  /**
   * `all`, then each register of a Storyworld corpus. `pairs again`, of all and of each register: tokens whose pair with the
   * token before stood earlier in the text, which are those an induction head can foretell.
   */
  groups: string[];
  /** [groups] texts of each: a mean over one text is that text's own, which makes ablating cost too little. */
  groupTexts: Uint32Array;
  /** [groups] tokens judged, and their mean loss as is, nats. */
  tokens: Uint32Array;
  loss: Float32Array;
  heads: HeadId[];
  /** [heads · groups] mean loss with the head's z at its mean over the register, minus the loss as is; NaN while unknown. */
  rise: Float32Array;
}

export interface AblateHereRequest extends TextWindow {
  heads: HeadId[];
  /** What z becomes: its mean over this window (row 0 excluded), or zero. */
  with: 'mean' | 'zero';
}

export interface AblatedText {
  /** [T] loss as is and ablated, nats; NaN in row 0. */
  loss: Float32Array;
  ablated: Float32Array;
  /** [T] KL(as is ‖ ablated) of the next-token distribution after each row, nats. */
  kl: Float32Array;
  /** Per row, the likeliest next tokens as is and ablated. */
  next: { n: number; ids: Uint32Array; probs: Float32Array; texts: string[] };
  nextAblated: { n: number; ids: Uint32Array; probs: Float32Array; texts: string[] };
}

export interface CircuitsRequest extends HeadId {
  /** Pairs wanted of each kind. Default 40. */
  pairs?: number;
}

export interface TokenPair {
  /** Query (QK) or attended (OV) token. */
  from: { id: number; text: string };
  /** Key (QK) or written (OV) token. */
  to: { id: number; text: string };
  value: number;
}

export interface HeadCircuits extends HeadId {
  /** Largest entries of W_E W_Q W_Kᵀ W_Eᵀ · scale, norms' gains folded in, scale of the norm as 1, no positions. */
  qk: TokenPair[];
  /** Largest entries of W_E W_V W_O W_U, the same, minus each row's mean over the vocabulary. */
  ov: TokenPair[];
  /** Tokens tried: the whole vocabulary, or this many of it. */
  tokens: number;
  /** Σ Re λ / Σ |λ| over the eigenvalues of the full OV circuit: 1 copies, −1 does the opposite. */
  copying: number;
  /** Why QK pairs say little here (rotary or normalised queries), for the visitor. */
  notes: string[];
}

export interface HeadShares {
  dictionary: string;
  layer: number;
  heads: number;
  /** [d_sae · H] ‖W_dec[i, h]‖ / Σ_h' ‖W_dec[i, h']‖; 0 for rows of zeros. */
  shares: Float32Array;
}

/** One step of a trail into the sources of an activation. */
export type TrailStep =
  /** Into what one head brings from one row: the residual stream there. From a feature on `hook_z`, or a component. */
  | { kind: 'head'; layer: number; head: number; source: number }
  /** Into a feature of another dictionary that fires on the row one is at; begins anew from its pre-activation. */
  | { kind: 'feature'; dictionary: string | FileSet; feature: number };

export interface AttributionRequest extends TextWindow {
  dictionary: string | FileSet;
  feature: number;
  /** Row the feature is looked at. */
  row: number;
  /** From the feature inward. At most 16. */
  trail: TrailStep[];
  /** Dictionaries whose features the residual stream at the end of the trail is also split into. */
  upstream?: (string | FileSet)[];
}
