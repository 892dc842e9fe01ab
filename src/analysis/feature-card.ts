import type { Dictionary } from '../dictionary/dictionary.ts';
import type { Batch } from '../gpu/batch.ts';
import { cosineRows } from '../gpu/kernels/cosine_rows.ts';
import { matmul } from '../gpu/kernels/matmul.ts';
import { topKRows } from '../gpu/kernels/topk_rows.ts';
import type { Tensor } from '../gpu/tensor.ts';
import type { Transformer } from '../model/transformer.ts';

export interface FeatureTensors {
  promoted: { indices: Tensor; values: Tensor };
  suppressed: { indices: Tensor; values: Tensor };
  neighbours: { indices: Tensor; values: Tensor };
  /** [1, d_vocab] logit change per unit of activation, the mean over the vocabulary not yet taken off. */
  effects: Tensor;
}

/**
 * What a unit of one feature does to the next-token logits if it reaches the end unchanged, and which features point
 * the same way. Effect on token v: (W_dec[i] − mean W_dec[i]) ⊙ γ · W_U[:, v], γ the final norm's gain and its scale
 * taken as 1. Direct path only: later layers are not run.
 * @param direction [1, d_model] W_dec row as f32, centred and times γ: see `readDirection`
 * @param query [1, d_model] W_dec row as f32
 * @source direct logit attribution, nostalgebraist 2020 (logit lens); norm folding as in TransformerLens
 */
export function recordFeatureCard(
  batch: Batch,
  model: Transformer,
  dictionary: Dictionary,
  row: { direction: Tensor; query: Tensor },
  counts: { tokens: number; neighbours: number },
): FeatureTensors {
  batch.scope('feature');
  const effects = matmul(batch, { x: row.direction, weights: model.weights.get('embed.W_E'), layout: 'nk' });
  const promoted = topKRows(batch, { x: effects, k: counts.tokens, order: 'largest' });
  const suppressed = topKRows(batch, { x: effects, k: counts.tokens, order: 'smallest' });
  const cosines = cosineRows(batch, {
    rows: dictionary.wDec,
    norms: dictionary.decoderNorms,
    query: row.query,
  });
  const neighbours = topKRows(batch, { x: cosines, k: counts.neighbours, order: 'largest' });
  batch.release(cosines);
  return { promoted, suppressed, neighbours, effects };
}

/** W_dec row → the direction that meets W_U: centred, because the final norm removes the mean, and times its gain. */
export function logitDirection(row: Float32Array, gain: Float32Array): Float32Array<ArrayBuffer> {
  const mean = row.reduce((sum, value) => sum + value, 0) / row.length;
  return Float32Array.from(row, (value, i) => (value - mean) * gain[i]!);
}
