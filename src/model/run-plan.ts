import type { Batch } from '../gpu/batch.ts';
import type { BlockMask } from '../gpu/block-mask.ts';
import type { Tensor } from '../gpu/tensor.ts';
import type { HeldAttention, KvCache } from './kv-cache.ts';

/**
 * Replaces an activation during a pass. Gets the activation as the runtime holds it (rank 2: heads are flattened) and
 * returns it or another scratch tensor of the same shape; must not release what it was given.
 */
export type Edit = (batch: Batch, activation: Tensor) => Tensor;

/** One forward pass as data, except for the edits, which `analysis/interventions.ts` makes from data. */
export interface RunPlan {
  /** Token ids, beginning-of-text token included; at most `nCtx`, of each sequence where there are `segments`. */
  ids: Uint32Array<ArrayBuffer>;
  /**
   * Several sequences in one pass, one after the other in `ids`: the row each begins at, in rising order from 0. Positions
   * begin anew with each, and none sees another; what a row is given is what its sequence alone would give it, up to rounding.
   * Not with `masks`, `cache`, `keepAttention` and `holdAttention`, nor with the logits of the `last` row.
   */
  segments?: Uint32Array<ArrayBuffer>;
  /** Hook points to keep. */
  captures?: readonly string[];
  /** Logits for no position, the last, or all. `none` also stops the pass after the last capture. */
  logits?: 'none' | 'last' | 'all';
  /** By hook name. Applied before the hook is captured, as TransformerLens does. */
  edits?: ReadonlyMap<string, Edit>;
  /** Starts at `blocks.{layer}.hook_resid_pre` with this activation [T, d_model], which the caller keeps. */
  resume?: { layer: number; residual: Tensor };
  /**
   * Layers whose queries see other keys than all before them or, in layers with a window, those in it. A mask replaces
   * both: it must respect them itself.
   */
  masks?: ReadonlyMap<number, BlockMask>;
  /**
   * Keys and values of the rows before `ids`, to which those of `ids` are added; positions go on from its length. `ids` are
   * the new rows only, and so are captures and logits; patterns and scores are [H, T, length + T]. The pass goes through
   * every layer whatever is asked of it. Needs room (`KvCache.reserve`); not with `masks`, and with `resume` only at the
   * cache's own first layer.
   */
  cache?: KvCache;
  /**
   * Fills this with what made the pass's attention patterns, kept until the batch ends: see `HeldAttention`. The pass goes
   * through every layer whatever is asked of it.
   */
  keepAttention?: HeldAttention;
  /**
   * Attends as the pass that filled this did, with own values; `hook_pattern` and `hook_attn_scores` are that pass's, too,
   * and edits of this one do not reach them. It must have been over as many tokens, with as many before them. Layers before
   * the one resumed at need not be there; not with `masks`.
   */
  holdAttention?: HeldAttention;
}

/** Scratch tensors of the batch the pass was recorded into; rank 2 except patterns and scores [H, T, keys]. */
export interface RecordedRun {
  captures: Map<string, Tensor>;
  /** [T or 1, d_vocab] */
  logits?: Tensor;
}
