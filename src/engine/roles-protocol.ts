import type { HeadId } from './heads-protocol.ts';
import type { FileSet } from './inspection.ts';

export interface RolesRequest {
  dictionary: string | FileSet;
  corpus: { seed: number; items: number };
  /**
   * Which latents are a head's: those with more than `half` of their decoder weight on it (the ten with most, where these
   * are fewer), or all whose `largest` share it has. Default `half`; where few latents are nearly all one head's, the wider
   * rule explains far more of what the heads do.
   */
  owned?: 'half' | 'largest';
  /** Heads to describe; default: all of the layer. */
  heads?: number[];
  /** Also measure what ablating each role costs: the larger part of the work. Default true. */
  ablations?: boolean;
}

/** See `analysis/roles.ts` for definitions. */
export interface LayerRoles {
  dictionary: string;
  layer: number;
  items: number;
  tokens: number;
  /** Two latents share a role above this mean Jensen–Shannon similarity; chosen once on Storyworld labels. */
  threshold: number;
  heads: HeadRoles[];
}

export interface HeadRoles extends HeadId {
  /**
   * `half`: latents with more than half of their decoder weight on the head; `top10`: the ten with the largest share, where those are
   * fewer; `largest`: all that have more weight on it than on any other head.
   */
  owned: 'half' | 'top10' | 'largest';
  latents: number;
  /** Of the owned latents, those that never fired on the corpus. */
  silent: number;
  roles: Role[];
  /** Roles beyond those listed, smaller than them all, and their part of the explained power. */
  others: { roles: number; weight: number };
  /** Share of the head's output power that no owned latent says: E‖z_h − Σ_{i owned} f_i W_dec[i, h]‖² / E‖z_h‖². */
  unexplained: number;
  /**
   * What is left of the output power: 1 − unexplained − the roles' powers (those of `others` too). It is there because
   * roles that fire together are not orthogonal to each other nor to the rest; may be below 0.
   */
  overlap: number;
  /** exp(entropy) of the roles' weights. */
  effectiveRoles: number;
  /** The same at other thresholds, for the sensitivity curve. */
  sensitivity: { threshold: number; effectiveRoles: number; roles: number }[];
  /** `unknown` while ablations are not measured. */
  polysemantic: boolean | 'unknown';
  /** Pairs of roles (indices) that are causally separate; what `polysemantic` rests on. */
  separate: [number, number][];
  /** Share of bootstrap resamples of the texts in which the head is polysemantic; NaN without ablations. */
  confidence: number;
  /** Each resample's verdict, the same texts drawn for every head and layer: what `polysemanticShare` takes. */
  resampled: boolean[];
}

export interface Role {
  /** In words, from what is largest in each distribution. */
  title: string;
  /**
   * Labels of Storyworld that firing tells best, of the token it fires on or, as `next …`, of the one after: of the
   * tokens fired on, the share with the label (precision); of those with it, the share fired on (recall); F1 of the two.
   */
  labels: { label: string; value: string; precision: number; recall: number; f1: number }[];
  /** Families of the literature it belongs to: induction, local, long-range, name, … */
  families: string[];
  latents: { index: number; share: number; weight: number }[];
  /** Share of the explained power E‖Σ f_i W_dec[i, h]‖², and of the head's whole output power. */
  weight: number;
  power: number;
  /** |Direct feature attribution| by class of the source token, and by its distance in tokens. */
  reads: { what: string; share: number }[];
  distances: { what: string; share: number }[];
  /** Activation by place (class of the token, register), and by token. */
  fires: { what: string; share: number }[];
  firesOn: { what: string; share: number }[];
  /** Positive part of the largest direct effects on the logits. */
  writes: { token: string; share: number }[];
  /** Strongest firings, each from another text. */
  examples: {
    item: number;
    row: number;
    /** The feature that fires, and its activation. */
    latent: number;
    value: number;
    /** Row that brings most to it, and the token there, which need not be among `tokens`. */
    source: number;
    sourceToken: string;
    /** Tokens of rows `rows[0]` ≤ row < `rows[1]`. */
    tokens: string[];
    rows: [number, number];
  }[];
  /**
   * Rise of the loss, nats a token, where the role is the head's strongest, when each role (index) is taken away; NaN for
   * roles too small to be ablated.
   */
  riseWithout: number[];
  /** 5 % quantile of its own effect over resamples of the texts: the effect is beyond noise when this is above 0. */
  ownEffect: number;
  /** Tokens where it is the strongest. */
  tokens: number;
}
