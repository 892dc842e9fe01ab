import type { Batch } from '../gpu/batch.ts';
import { layerNorm } from '../gpu/kernels/layer_norm.ts';
import { rmsNorm } from '../gpu/kernels/rms_norm.ts';
import { unembedPredict } from '../gpu/kernels/unembed_predict.ts';
import type { Tensor } from '../gpu/tensor.ts';
import type { ModelConfig } from './config.ts';
import { linear } from './linear.ts';
import type { Weights } from './weights.ts';

/** The model's norm with the gain, and for LN the bias, called `{prefix}.w` and `{prefix}.b`. */
export function norm(
  batch: Batch,
  { norm: kind, normEps: eps }: Pick<ModelConfig, 'norm' | 'normEps'>,
  weights: Weights,
  prefix: string,
  x: Tensor,
): { y: Tensor; scale: Tensor } {
  const gain = weights.get(`${prefix}.w`);
  if (kind === 'RMS') return rmsNorm(batch, { x, gain, eps });
  return layerNorm(batch, { x, gain, bias: weights.get(`${prefix}.b`), eps });
}

/** Which matrix unembeds. */
export function unembedding(weights: Weights): string {
  return weights.has('unembed.W_U') ? 'unembed.W_U' : 'embed.W_E';
}

/**
 * Logits of rows that have passed the final norm.
 * @param normalized [T, d_model]
 * @returns scratch [T, d_vocab]
 */
export function logitsOf(batch: Batch, config: ModelConfig, weights: Weights, normalized: Tensor): Tensor {
  return linear(batch, weights, unembedding(weights), { x: normalized, cap: config.logitCap });
}

/** What is looked at of logits that need not be stored. */
export interface Predictions {
  /** [T] ln p of each row's target, nats */
  logProb: Tensor;
  /** [T] ln Σ exp(logits) */
  lse: Tensor;
  /** [T, k] the likeliest tokens and their logits, best first; none when k is 0 */
  top?: { indices: Tensor; values: Tensor };
}

/**
 * Predictions of rows that have passed the final norm, without their logits.
 * @param normalized [T, d_model]
 * @param asked.targets [T] u32 token ids; @param asked.k likely tokens a row
 * @returns scratch
 */
export function predictionsOf(
  batch: Batch,
  config: ModelConfig,
  weights: Weights,
  normalized: Tensor,
  asked: { targets: Tensor; k: number },
): Predictions {
  const name = unembedding(weights);
  const bias = weights.find(name.replace('.W_', '.b_'));
  return unembedPredict(batch, {
    x: normalized,
    ...weights.matrix(name),
    bias,
    cap: config.logitCap,
    ...asked,
  });
}
