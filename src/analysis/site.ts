import type { Dictionary } from '../dictionary/dictionary.ts';
import type { Batch } from '../gpu/batch.ts';
import { sliceColumns } from '../gpu/kernels/slice_columns.ts';
import type { Tensor } from '../gpu/tensor.ts';
import type { Columns } from './interventions.ts';

/** Activations the forward pass lets be replaced; others exist only inside a kernel, or as a view of another. */
const REPLACEABLE =
  /(^|\.)(hook_(embed|resid_(pre|mid|post)|attn_out|mlp_out)|attn\.hook_z|mlp\.hook_(pre|post))$/;

/** Whether a dictionary's reconstruction can take the place of what it reconstructs. */
export function canSplice({ hookOut }: Dictionary): boolean {
  return REPLACEABLE.test(hookOut);
}

/** The columns a dictionary of one head is about. */
export function ownColumns({ headIndex, dOut }: Dictionary): Columns | undefined {
  return headIndex === undefined ? undefined : { from: headIndex * dOut, count: dOut };
}

/**
 * The part of a captured activation that a dictionary reads or reconstructs: all of it, or one head's columns.
 * @param activation [T, width] at the dictionary's `hook` or `hookOut`
 * @returns the activation itself, or scratch [T, d_in]
 */
export function ownActivation(batch: Batch, dictionary: Dictionary, activation: Tensor): Tensor {
  const columns = ownColumns(dictionary);
  return columns ? sliceColumns(batch, { x: activation, ...columns }) : activation;
}
