/** Which rows of a sequence an intervention acts on. Special tokens are those that are not text, the prefix among them. */
export type Scope =
  /** Every token but special ones. */
  | { kind: 'text' }
  /** Special tokens, and with them row 0, as well. */
  | { kind: 'all' }
  | { kind: 'special' }
  /** The prompt's tokens, or those that follow it, but special ones. */
  | { kind: 'prompt' }
  | { kind: 'generated' }
  /** Rows of the sequence: inclusive, sorted, disjoint ranges. */
  | { kind: 'rows'; ranges: readonly (readonly [number, number])[] };

/** What is scaled or ablated. */
export type Target<Reference = string> =
  | { kind: 'latent'; dictionary: Reference; feature: number }
  | { kind: 'head'; layer: number; head: number }
  /** A whole activation, e.g. `blocks.2.hook_attn_out`, `blocks.0.hook_mlp_out`. */
  | { kind: 'hook'; hook: string };

/**
 * A change to a pass, as data. What a dictionary does not say of an activation, its error, is kept in every kind but
 * `splice` without it.
 */
export type Intervention<Reference = string> = {
  scope: Scope;
} & (
  | {
      /** x + strength · unit · W_dec[feature], at the dictionary's `hookOut`. */
      kind: 'add';
      dictionary: Reference;
      feature: number;
      /** In units of `unit`. */
      strength: number;
      /** Activation that strength 1 stands for, e.g. the feature's largest on a sample. Above 0. */
      unit: number;
      /** Added at the same hook of all these layers, first to last, instead of the dictionary's own only. */
      layers?: readonly [number, number];
    }
  /** x + (strength · unit − a) · W_dec[feature], a being the feature's activation there. */
  | { kind: 'clamp'; dictionary: Reference; feature: number; strength: number; unit: number }
  /** The target times `factor`: of a latent, its activation a. */
  | { kind: 'scale'; target: Target<Reference>; factor: number }
  /** The target becomes 0, or its mean over the prompt's rows (row 0 apart) without interventions. */
  | { kind: 'ablate'; target: Target<Reference>; with: 'zero' | 'mean' }
  /** A head's z or a whole activation as it is, without interventions, in another text. */
  | {
      kind: 'patch';
      target: Exclude<Target<Reference>, { kind: 'latent' }>;
      text: string;
      /**
       * Rows are matched from the first, or from the last row of both prompts, special ones with special ones only; rows
       * without a match stay.
       */
      align: 'start' | 'end';
    }
  /** The dictionary's reconstruction in place of what it reconstructs; with its error added, which changes nothing. */
  | { kind: 'splice'; dictionary: Reference; error: boolean }
);

export const MOST_INTERVENTIONS = 32;
