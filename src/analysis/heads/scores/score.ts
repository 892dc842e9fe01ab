import type { Factor } from '../../../gpu/kernels/attention_row_scores.ts';
import type { CorpusText } from '../corpus.ts';
import type { HeadReader } from '../head-matrices.ts';

/** A score of a head: what it is called, what it means and over which range it runs. */
export interface ScoreInfo {
  id: string;
  title: string;
  /** One or two sentences with the formula. */
  definition: string;
  unit: string;
  /** Where values lie, for the colour scale; `null`: from the data. */
  range: [number, number] | null;
  /** Values below 0 mean the opposite, so that the scale has two hues. */
  signed: boolean;
}

/** Texts with what several scores ask of every token. */
export interface ScoredText extends CorpusText {
  /** Per row. */
  classes: readonly TokenClass[];
}

export type TokenClass = 'word' | 'punctuation' | 'bracket';

/** Mean over rows of Σ_s A[t, s] · factor over the keys that count. */
export interface AttentionScore {
  kind: 'attention';
  info: ScoreInfo;
  /** `repeated`: random tokens that come twice, whatever the corpus. */
  texts: 'corpus' | 'repeated';
  /** Which keys s ≤ t of query t count. */
  keys: 'all' | ((text: ScoredText, t: number, s: number) => boolean);
  factor: Factor;
  /** First row that counts. */
  fromRow: number;
  /** Only rows of which some key counts. */
  onlyWithKeys?: boolean;
}

/** A number from the weights alone. */
export interface WeightScore {
  kind: 'weights';
  info: ScoreInfo;
  /** NaN with a note where the model has nothing to be asked by. */
  compute(
    reader: HeadReader,
    head: { layer: number; head: number },
  ): Promise<{ value: number; note?: string }>;
}

export type HeadScore = AttentionScore | WeightScore;

const PUNCTUATION = /^\p{P}+$/u;
const BRACKETS = /[()[\]{}"'«»“”‘’„‚‹›]/;

/** By what the token shows: only punctuation marks, with or without a bracket or quotation mark among them, or more. */
export function tokenClass(text: string): TokenClass {
  const shown = text.trim();
  if (!PUNCTUATION.test(shown)) return 'word';
  return BRACKETS.test(shown) ? 'bracket' : 'punctuation';
}

export function scoredText(text: CorpusText): ScoredText {
  return { ...text, classes: text.tokens.map((token) => tokenClass(token.text)) };
}
