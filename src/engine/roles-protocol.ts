import type { HeadId } from './heads-protocol.ts';
import type { FileSet } from './inspection.ts';

export interface RolesRequest {
  dictionary: string | FileSet;
  corpus: { seed: number; items: number };
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
  /** `half`: latents with more than half of their decoder weight on the head; `top10`: the ten with the largest share. */
  owned: 'half' | 'top10';
  latents: number;
  /** Of the owned latents, those that never fired on the corpus. */
  silent: number;
  roles: Role[];
  /** Share of the head's output power that no owned latent says. */
  unexplained: number;
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
}

export interface Role {
  /** In words, from what is largest in each distribution. */
  title: string;
  /** Labels of Storyworld that tell best when it fires, with the F1 of firing against the label. */
  labels: { label: string; value: string; f1: number }[];
  /** Families of the literature it belongs to: induction, local, long-range, name, … */
  families: string[];
  latents: { index: number; share: number; weight: number }[];
  /** Share of the explained power E‖Σ f_i W_dec[i, h]‖², and of the head's whole output power. */
  weight: number;
  power: number;
  reads: { what: string; share: number }[];
  fires: { what: string; share: number }[];
  writes: { token: string; share: number }[];
  examples: {
    item: number;
    row: number;
    value: number;
    source: number;
    tokens: string[];
    rows: [number, number];
  }[];
  /** Rise of the loss, nats a token, where the role is the head's strongest, when each role (index) is taken away. */
  riseWithout: number[];
  /** Tokens where it is the strongest. */
  tokens: number;
}
