import type { Batch } from '../gpu/batch.ts';
import { scaleColumns } from '../gpu/kernels/scale_columns.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { FacetError } from '../shared/errors.ts';
import type { ModelConfig } from './config.ts';
import { hookWidth, parseHook } from './hooks.ts';
import { linear, linearBack } from './linear.ts';
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
  const { at, projected, width } = wayOut(config, hook);
  if (directions.shape[1] !== width)
    throw new FacetError('bug', `directions of ${directions.shape[1]} values do not fit "${hook}"`);
  const centre = config.norm === 'LN';
  const made: Tensor[] = [];
  const keep = (tensor: Tensor): Tensor => {
    made.push(tensor);
    return tensor;
  };
  let x = directions;
  if (projected) {
    x = keep(linear(batch, weights, `${at}.${projected.matrix}`, { x, bias: false }));
    if (config.sandwich)
      x = keep(scaleColumns(batch, { x, gain: weights.get(`${at}.${projected.norm}.w`), centre }));
  }
  x = keep(scaleColumns(batch, { x, gain: weights.get('ln_final.w'), centre }));
  const logits = linear(batch, weights, unembedding(weights), { x, bias: false });
  batch.release(...made);
  return logits;
}

/**
 * The way back, without W_U: what an activation at the hook must point along to move the final residual along `rows`, so that
 * d · back(u) = (what `directLogits` multiplies with W_U, of d) · u.
 * @param rows [n, d_model], for example rows of W_Uᵀ
 * @returns scratch [n, width of the hook]
 * @throws FacetError as `directLogits`
 */
export function directBack(
  batch: Batch,
  config: ModelConfig,
  weights: Weights,
  hook: string,
  rows: Tensor,
): Tensor {
  const { at, projected } = wayOut(config, hook);
  const centre = config.norm === 'LN';
  const ones = batch.input(new Float32Array(config.dModel).fill(1), [config.dModel]);
  const backThrough = (name: string, y: Tensor): Tensor => {
    const scaled = scaleColumns(batch, { x: y, gain: weights.get(name), centre: false });
    if (!centre) return scaled;
    const centred = scaleColumns(batch, { x: scaled, gain: ones, centre });
    batch.release(scaled);
    return centred;
  };
  let x = backThrough('ln_final.w', rows);
  const step = (next: Tensor): void => {
    batch.release(x);
    x = next;
  };
  if (projected) {
    if (config.sandwich) step(backThrough(`${at}.${projected.norm}.w`, x));
    step(linearBack(batch, weights, `${at}.${projected.matrix}`, x));
  }
  batch.release(ones);
  return x;
}

function wayOut(
  config: ModelConfig,
  hook: string,
): { at: string; projected?: { matrix: string; norm: string }; width: number | undefined } {
  const point = parseHook(hook, config);
  const projected = PROJECTED[point.hook];
  if (!projected && !ADDED.test(point.hook))
    throw new FacetError('unsupported', `What is at "${hook}" does not add to the residual stream.`, {
      hint: 'Direct effects on the logits are those of the residual stream, layer outputs, heads (hook_z) and neurons.',
    });
  return { at: `blocks.${point.layer}`, projected, width: hookWidth(point, config) };
}
