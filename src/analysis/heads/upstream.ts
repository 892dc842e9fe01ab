import type { Dictionary } from '../../dictionary/dictionary.ts';
import type { ModelConfig } from '../../model/config.ts';
import { parseHook } from '../../model/hooks.ts';
import { ownColumns } from '../site.ts';
import type { UpstreamSplit } from './attribution-record.ts';
import { ownRow, reconstructRow } from './encode-row.ts';
import { type Backwards, dot, type Functional } from './functional.ts';
import { type Depth, writtenBefore } from './stream.ts';

/** Features of a split that are listed. */
const MOST_LISTED = 64;

/** Whether what a dictionary reconstructs is in the residual stream, or adds to it, before a depth. */
export function canSplitBy(
  { hookOut }: Pick<Dictionary, 'hookOut'>,
  depth: Depth,
  config: ModelConfig,
): boolean {
  const { layer = 0, hook } = parseHook(hookOut, config);
  const { heads, mlps } = writtenBefore(depth);
  switch (hook) {
    case 'hook_embed':
      return true;
    case 'hook_resid_pre':
      return 2 * layer <= depth;
    case 'hook_resid_mid':
      return 2 * layer + 1 <= depth;
    case 'hook_resid_post':
      return 2 * layer + 2 <= depth;
    case 'attn.hook_z':
    case 'hook_attn_out':
      return layer < heads;
    case 'hook_mlp_out':
      return layer < mlps;
    default:
      return false;
  }
}

/**
 * A functional of the residual stream by the features of a dictionary before it.
 * @param at.weights of the stream at `hook`
 * @param at.outputs the same of the z of each layer before
 */
export async function splitUpstream(
  { model, rows, turn }: Backwards,
  dictionary: Dictionary,
  at: { hook: string; row: number; weights: Float64Array; outputs: readonly Functional[] },
): Promise<UpstreamSplit> {
  const { hookOut } = dictionary;
  const { layer = 0, hook } = parseHook(hookOut, model.config);
  const { from, count } = ownColumns(dictionary) ?? { from: 0, count: dictionary.dOut };
  const whole = hook === 'attn.hook_z' ? at.outputs[layer]!.weights : at.weights;
  const weights = whole.slice(from, from + count);
  const x = ownRow(dictionary, rows.row(dictionary.hook, at.row));
  const y = ownRow(dictionary, rows.row(hookOut, at.row));
  const found = await reconstructRow(model.gpu, dictionary, x, weights, turn);
  const features = Array.from(found.codes.indices, (index, i) => {
    const activation = found.codes.values[i]!;
    return { index, activation, value: activation * found.effects[i]! };
  }).sort((a, b) => Math.abs(b.value) - Math.abs(a.value) || a.index - b.index);
  const sum = (some: readonly { value: number }[]): number =>
    some.reduce((total, { value }) => total + value, 0);
  const actual = dot(weights, y);
  const reconstructed = dot(weights, found.reconstruction);
  return {
    dictionary: dictionary.id,
    hook: hookOut,
    features: features.slice(0, MOST_LISTED),
    others: sum(features.slice(MOST_LISTED)),
    error: actual - reconstructed,
    bias: reconstructed - sum(features),
    later: dot(at.weights, rows.row(at.hook, at.row)) - actual,
  };
}
