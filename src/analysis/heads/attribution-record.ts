/**
 * One number and what it is made of, exact for fixed attention patterns and fixed norm scales: the parts and the residue
 * add up to `value`.
 */
export interface AttributionRecord {
  /**
   * What is explained. `feature`: a pre-activation minus the encoder's own constant. `residual`: what a head's reading of
   * one row brings to the number before it in the trail.
   */
  kind: 'feature' | 'residual';
  /** The activation that is split, e.g. `blocks.3.attn.hook_z`, `blocks.2.hook_resid_pre`; its layer, and the row. */
  hook: string;
  layer: number;
  row: number;
  value: number;
  /** Of a feature: its activation on this row, its pre-activation, and the constant b_enc − b_decᵀ W_enc. */
  feature?: {
    dictionary: string;
    index: number;
    activation: number;
    preActivation: number;
    constant: number;
  };
  /**
   * For a feature on `hook_z`: what each head brings from each row, A[t, s] · (v[s] · direction). v has its bias, so that
   * this is all of `value`; one step further in, what the biases bring is residue.
   */
  heads?: {
    /** [H] sum over rows. */
    byHead: Float32Array;
    /** [T] sum over heads. */
    bySource: Float32Array;
    /** [H · T] */
    matrix: Float32Array;
  };
  /** For a residual stream: what wrote it, here at `row`; what does not write there is left out. */
  components?: AttributionComponent[];
  /**
   * The same residual split by features of an upstream dictionary, largest |value| first. Dictionaries of what is written
   * later, or of what does not add to the stream, are left out.
   */
  upstream?: UpstreamSplit[];
  /**
   * Biases and whatever else is in `value` but in no part: |value − parts − residue| ≤ 1e-4 · max(1, |value|). Where f32
   * is not exact enough for that, what is missing is called `rounding`.
   */
  residue: { what: string; value: number }[];
}

export interface AttributionComponent {
  kind: 'embed' | 'position' | 'head' | 'mlp' | 'bias';
  layer?: number;
  head?: number;
  /** E.g. `embedding`, `head 1.4`, `MLP 0`. */
  what: string;
  value: number;
  /** Of a head: [T] its value split by the row it reads. */
  bySource?: Float32Array;
}

export interface UpstreamSplit {
  dictionary: string;
  hook: string;
  /** At most 64. */
  features: { index: number; activation: number; value: number }[];
  /** What the features kept out of the list bring together. */
  others: number;
  /** What the dictionary does not say (y − ŷ), and what it says whatever its features: b_dec, a skip connection. */
  error: number;
  bias: number;
  /** Whatever else is in the residual that is split: what was written after the hook and, of a layer's output, before. */
  later: number;
}
