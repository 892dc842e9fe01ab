import type { Dictionary } from '../dictionary/dictionary.ts';
import type { Batch } from '../gpu/batch.ts';
import { cosineRows } from '../gpu/kernels/cosine_rows.ts';
import { matmul } from '../gpu/kernels/matmul.ts';
import { topKRows } from '../gpu/kernels/topk_rows.ts';
import type { Tensor } from '../gpu/tensor.ts';
import type { Transformer } from '../model/transformer.ts';

/** Decoder rows of some features, and what is needed to bring them to the logits. */
export interface FeatureRows {
  /** [n, d_out] W_dec rows */
  rows: Float32Array<ArrayBuffer>;
  /** [d_model] gain of the final norm */
  gain: Float32Array;
}

/** Hooks whose activations are added to the residual stream, or are the stream. */
const ADDS = /(^|\.)hook_(embed|resid_(pre|mid|post)|attn_out|mlp_out)$/;

/**
 * What a unit of each feature does to the next-token logits if it reaches the end unchanged. Effect on token v:
 * (W_dec[i] − mean W_dec[i]) ⊙ γ · W_U[:, v], γ the final norm's gain and its scale taken as 1. Direct path only: later
 * layers are not run.
 * @returns scratch [n, d_vocab], the mean over the vocabulary not yet taken off; undefined where the dictionary does not
 *   write to the residual stream
 * @source direct logit attribution, nostalgebraist 2020 (logit lens); norm folding as in TransformerLens
 */
export function directEffects(
  batch: Batch,
  model: Transformer,
  { hookOut, dOut }: Dictionary,
  { rows, gain }: FeatureRows,
): Tensor | undefined {
  if (!ADDS.test(hookOut) || gain.length !== dOut) return undefined;
  const directions = new Float32Array(rows.length);
  for (let at = 0; at < rows.length; at += dOut) {
    directions.set(logitDirection(rows.subarray(at, at + dOut), gain), at);
  }
  const x = batch.input(directions, [rows.length / dOut, dOut]);
  return matmul(batch, { x, weights: model.weights.get('embed.W_E'), layout: 'nk' });
}

/** W_dec row → the direction that meets W_U: centred, because the final norm removes the mean, and times its gain. */
function logitDirection(row: Float32Array, gain: Float32Array): Float32Array<ArrayBuffer> {
  const mean = row.reduce((sum, value) => sum + value, 0) / row.length;
  return Float32Array.from(row, (value, i) => (value - mean) * gain[i]!);
}

export interface FeatureTensors {
  /** What `directEffects` gives, and its extremes; undefined where it gives nothing. */
  effects?: {
    all: Tensor;
    promoted: { indices: Tensor; values: Tensor };
    suppressed: { indices: Tensor; values: Tensor };
  };
  neighbours: { indices: Tensor; values: Tensor };
}

/**
 * What one feature does to the next-token logits, and which features point the same way.
 * @param found.rows [1, d_out]
 */
export function recordFeatureCard(
  batch: Batch,
  model: Transformer,
  dictionary: Dictionary,
  found: FeatureRows,
  counts: { tokens: number; neighbours: number },
): FeatureTensors {
  batch.scope('feature');
  const all = directEffects(batch, model, dictionary, found);
  const effects = all && {
    all,
    promoted: topKRows(batch, { x: all, k: counts.tokens, order: 'largest' }),
    suppressed: topKRows(batch, { x: all, k: counts.tokens, order: 'smallest' }),
  };
  const cosines = decoderCosines(batch, dictionary, batch.input(found.rows, [1, dictionary.dOut]));
  const neighbours = topKRows(batch, { x: cosines, k: counts.neighbours, order: 'largest' });
  batch.release(cosines);
  return { effects, neighbours };
}

/** [1, d_sae] cosine of every decoder row with `query` [1, d_out]. */
function decoderCosines(batch: Batch, { wDec, decoderNorms, dSae }: Dictionary, query: Tensor): Tensor {
  const [only, ...more] = wDec;
  if (more.length === 0) return cosineRows(batch, { rows: only!, norms: decoderNorms, query });
  const cosines = batch.scratch([1, dSae]);
  let offset = 0;
  for (const rows of wDec) {
    const norms = batch.scratch([rows.shape[0]!]);
    batch.copy(decoderNorms, norms, { fromOffset: offset, size: norms.byteLength });
    const own = cosineRows(batch, { rows, norms, query });
    batch.copy(own, cosines, { toOffset: offset, size: own.byteLength });
    batch.release(norms, own);
    offset += norms.byteLength;
  }
  return cosines;
}
