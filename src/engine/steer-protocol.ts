import type { EffectInfo } from '../analysis/steering/effect-info.ts';
import type { Intervention } from '../analysis/steering/intervention.ts';
import type { Sampling } from '../analysis/steering/sampling.ts';
import type { SweepPoint } from '../analysis/steering/sweep.ts';
import type { FileSet } from './inspection.ts';
import type { Progress, Ticket, Usage } from './protocol.ts';

export type { EffectInfo, Intervention, Sampling, SweepPoint };
export type { Scope, Target } from '../analysis/steering/intervention.ts';

/** An intervention as the page sends it: dictionaries by reference, or by the files behind one. */
export type Asked = Intervention<string | FileSet>;

/**
 * What may be asked about interventions. Rows are those of `Analysis`: `prefix` rows that are not of the text, then its
 * tokens; generated tokens are rows that go on from there. Rows asked for in a chat are those of the whole conversation,
 * also where only its end is read. `base` is the model as it is, `steered` with the interventions,
 * `frozen` the same with every attention pattern held as the base has it over the same tokens. Interventions on one hook
 * act one after the other, in the order of the list. Nothing here changes which dictionary is current.
 */
export interface SteerApi {
  /** One text with and without interventions: what follows a row, and how far each row's prediction moves. */
  compare(request: CompareRequest, ticket: Ticket): Promise<Comparison>;
  /** The same for what follows one row alone, which is quicker: for a slider that moves. */
  compareRow(request: CompareRequest, ticket: Ticket): Promise<RowComparison>;
  /** What each layer would predict next at one row, with and without interventions. */
  lens(request: LensRequest, ticket: Ticket): Promise<Lens>;
  /** Continues a text. @param onTokens every new token once, in order */
  generate(
    request: GenerateRequest,
    ticket: Ticket,
    onTokens: (tokens: GeneratedToken[]) => void,
  ): Promise<Generated>;
  /** Texts generated at several strengths of one intervention: what it does to them, and how fluent they stay. */
  sweep(
    request: SweepRequest,
    ticket: Ticket,
    onProgress: (progress: Progress) => void,
    onPartial: (sweep: Sweep) => void,
  ): Promise<Sweep>;
  /** Properties of a text that a sweep can count without being told a dictionary. */
  effects(): Promise<EffectInfo[]>;
  /** Latents of the open model whose effect was measured beforehand; undefined where nobody did. */
  suggestions(ticket: Ticket): Promise<Suggestions | undefined>;
  /** What the open model's tokenizer says of prompts. */
  prompting(): Promise<Prompting>;
}

export type Prompt =
  /** As written, special tokens read as plain text; `Analysis` rows go on to be true of it. */
  | { kind: 'text'; text: string }
  /** Through the model's chat template, with its special tokens, up to where the assistant speaks. */
  | { kind: 'chat'; messages: ChatMessage[] };

export interface ChatMessage {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

export interface Prompting {
  /** Whether the tokenizer brings a chat template. */
  chat: boolean;
  /** Ids that end a text when generated. */
  ends: number[];
}

export interface CompareRequest {
  prompt: Prompt;
  /** First token of the text to read when it is longer than the context, as in `AnalyzeRequest`. */
  windowStart: number;
  interventions: Asked[];
  /** Row whose next-token distribution is given; the last one when absent or beyond it. */
  row?: number;
  /** Likely next tokens given for each side. Default 10. */
  nextTokens?: number;
  /** Tokens whose probability rises, and as many whose probability falls, most. Default 10. */
  movers?: number;
  /** Also with frozen attention; not for `compareRow`. Default false. */
  frozen?: boolean;
  /** Also the features of this dictionary at the row, with and without; not for `compareRow`. */
  features?: string | FileSet;
}

/** T rows. */
export interface Comparison {
  prefix: number;
  totalTokens: number;
  windowStart: number;
  windowTokens: number;
  /** [T] text of each row. */
  tokens: string[];
  row: number;
  base: Side;
  steered: Side;
  frozen?: Side;
  /** Features active at the row on either side, by the larger of both values; at most 40. */
  features?: { index: number; base: number; steered: number }[];
  /** The layer the steered pass began at; 0: the embedding. */
  resumedAt: number;
  usage: Usage;
}

export interface Side {
  /** [T] −ln p of each row's own token, nats; NaN in row 0. */
  loss: Float32Array;
  /** [T] KL(base ‖ this side) of what follows each row, nats; zeros for the base. */
  kl: Float32Array;
  /** Likeliest tokens after the row. */
  next: { ids: Uint32Array; texts: string[]; probs: Float32Array };
  /** Against the base, largest |after − before| first, rising and falling mixed; empty for the base. */
  movers: { id: number; text: string; before: number; after: number }[];
}

/** What interventions do to the prediction after one row. */
export interface RowComparison {
  row: number;
  base: Pick<Side, 'next'>;
  steered: Pick<Side, 'next' | 'movers'>;
  /** KL(base ‖ steered), nats. */
  kl: number;
  resumedAt: number;
  usage: Usage;
}

export interface LensRequest {
  prompt: Prompt;
  windowStart: number;
  interventions: Asked[];
  row?: number;
  /** Likely tokens for each layer. Default 5. */
  nextTokens?: number;
}

/** Logit lens (nostalgebraist 2020): final norm and unembedding applied to the residual stream of earlier layers. */
export interface Lens {
  row: number;
  /** `blocks.0.hook_resid_pre`, then `hook_resid_post` of every layer. */
  hooks: string[];
  base: LensLayer[];
  steered: LensLayer[];
  /** [hooks] KL(base ‖ steered) there, nats. */
  kl: Float32Array;
}

export interface LensLayer {
  ids: Uint32Array;
  texts: string[];
  probs: Float32Array;
}

export type ArmId = 'base' | 'steered' | 'frozen';

export interface GenerateRequest {
  prompt: Prompt;
  interventions: Asked[];
  arm: ArmId;
  sampling: Sampling;
  /** How many tokens at most, 1 to 4,096. */
  tokens: number;
  /** Tokens generated before that are to be continued. */
  after?: number[];
  /** Whether a token that ends a text ends the generation. Default true. */
  stop?: boolean;
  /** Whether keys and values of earlier tokens are kept; without, every step reads everything again. Default true. */
  cached?: boolean;
}

export interface GeneratedToken {
  id: number;
  /** For display, as `TokenRecord.text`. */
  text: string;
  special: boolean;
  /** ln of the probability the arm gave it, before temperature, cuts and penalty. */
  logProb: number;
}

/** n tokens, those of `after` included. */
export interface Generated {
  tokens: GeneratedToken[];
  /** The text they make together; characters split over tokens are whole here. */
  text: string;
  reason: 'length' | 'end';
  /** Rows of the prompt, prefix included. */
  promptRows: number;
  /** Tokens dropped from the front, over all, because the context was full. */
  dropped: number;
  /** [n] −ln p of each token under the base, reading the same tokens: fluency. nats */
  baseLoss: Float32Array;
  /** [n] KL(base ‖ arm) where each token was chosen, nats; zeros for the base. */
  kl: Float32Array;
  usage: Usage;
}

export interface SweepRequest {
  /** Beginnings to be continued: the visitor's own, or the first part of Storyworld items. */
  prompts: { kind: 'text'; texts: string[] } | { kind: 'storyworld'; seed: number; items: number };
  interventions: Asked[];
  /** Which of them is swept. */
  index: number;
  /** Its strengths (or factors), 0 and up or down; the unsteered text is generated as well. At most 32. */
  strengths: number[];
  sampling: Sampling;
  tokens: number;
  /** Continuations of each prompt, with seeds that count up from the sampling's. */
  samples: number;
}

/** n strengths, E effects in the order of `effects()`. */
export interface Sweep {
  base: SweepPoint;
  /** In the order asked; the last may still be growing. */
  points: SweepPoint[];
  /**
   * Furthest strength, on each side of 0 (of factors: of 1), up to which every strength keeps fluency: loss under the base at most
   * `FLUENCY_LIMIT` times that of the base's own texts. Undefined where not even the nearest does.
   */
  keeps: { up?: number; down?: number };
}

/** A table made by measurement: see `training/` and `bench/` for how. */
export interface Suggestions {
  model: string;
  modelDigest: string;
  /** How it was measured, in a sentence. */
  method: string;
  latents: SuggestedLatent[];
}

export interface SuggestedLatent {
  dictionary: string;
  dictionaryDigest: string;
  feature: number;
  /** Id in `effects()`. */
  effect: string;
  /** F1 of the feature's firing, on a token or the one before it, against the property on Storyworld items. */
  f1: number;
  /** Where it was added. */
  scope: 'all' | 'text' | 'generated';
  /** In units of `unit`, the feature's largest activation on the sample. */
  strength: number;
  unit: number;
  /** Share of tokens with the property, without and with. */
  baseRate: number;
  rate: number;
  /** Lower end of the 95 % interval of rate / baseRate, over continuations. */
  ratioLow: number;
  /** Loss under the base of the steered texts over that of the base's own, minus 1. */
  fluencyLoss: number;
  /** |change of the effect's rate| over the sum of |changes| of all effects. */
  selectivity: number;
  tokens: number;
}
