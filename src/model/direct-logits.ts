import type { Batch } from '../gpu/batch.ts';
import { scaleColumns } from '../gpu/kernels/scale_columns.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { FacetError } from '../shared/errors.ts';
import type { ModelConfig } from './config.ts';
import { hookWidth, parseHook } from './hooks.ts';
import { linear } from './linear.ts';
import { unembedding } from './unembed.ts';
import type { Weights } from './weights.ts';

/** Hooks whose activations are added to the residual stream as they are. */
const ADDED = /^hook_(pos_)?embed$|hook_resid_(pre|mid|post)$|hook_attn_out$|hook_mlp_out$/;
/** Hooks that reach it through one matrix, and in sandwich models a norm. */
const PROJECTED: Record<string, { matrix: string; norm: string }> = {
  'attn.hook_z': { matrix: 'attn.W_O', norm: 'ln1_post' },
  'mlp.hook_post': { matrix: 'mlp.W_out', norm: 'ln2_post' },
};

/**
 * What directions written at a hook do to the logits if they reach the end unchanged: through the matrix that follows the
 * hook, if one does, centred where norms centre, times the gain of each norm on the way and with its scale taken as 1,
 * times W_U. No bias, no soft-cap.
 * @param directions [n, width of the hook] f32, heads flattened
 * @returns scratch [n, d_vocab]
 * @throws FacetError `unsupported` for a hook whose activations do not add to the residual stream, `bad-input` for one
 *   the model does not have
 * @source direct logit attribution: nostalgebraist 2020 (logit lens); Elhage et al. 2021
 */
export function directLogits(
  batch: Batch,
  config: ModelConfig,
  weights: Weights,
  hook: string,
  directions: Tensor,
): Tensor {
  const point = parseHook(hook, config);
  const projected = PROJECTED[point.hook];
  if (!projected && !ADDED.test(point.hook))
    throw new FacetError('unsupported', `What is at "${hook}" does not add to the residual stream.`, {
      hint: 'Direct effects on the logits are those of the residual stream, layer outputs, heads (hook_z) and neurons.',
    });
  if (directions.shape[1] !== hookWidth(point, config))
    throw new FacetError('bug', `directions of ${directions.shape[1]} values do not fit "${hook}"`);
  const centre = config.norm === 'LN';
  const made: Tensor[] = [];
  const keep = (tensor: Tensor): Tensor => {
    made.push(tensor);
    return tensor;
  };
  let x = directions;
  if (projected) {
    const at = `blocks.${point.layer}`;
    x = keep(linear(batch, weights, `${at}.${projected.matrix}`, { x, bias: false }));
    if (config.sandwich)
      x = keep(scaleColumns(batch, { x, gain: weights.get(`${at}.${projected.norm}.w`), centre }));
  }
  x = keep(scaleColumns(batch, { x, gain: weights.get('ln_final.w'), centre }));
  const logits = linear(batch, weights, unembedding(weights), { x, bias: false });
  batch.release(...made);
  return logits;
}
