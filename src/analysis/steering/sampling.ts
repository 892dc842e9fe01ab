/** How the next token is chosen from the logits. */
export interface Sampling {
  /** 0: the likeliest, ties by lowest id. */
  temperature: number;
  /** Only the k likeliest; 0: all. */
  topK: number;
  /** Only the likeliest that together have at least this probability; 1: all. */
  topP: number;
  /**
   * Logits of tokens that stand in the text already are divided by it when positive, multiplied when negative; 1: not.
   * @source Keskar et al. 2019, arXiv:1909.05858, as in transformers' RepetitionPenaltyLogitsProcessor
   */
  repetitionPenalty: number;
  /** Step i of seed s draws the same number whatever was chosen before, so that arms share their luck. */
  seed: number;
}
