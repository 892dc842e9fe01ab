import type { Dictionary } from '../dictionary/dictionary.ts';
import type { Batch } from '../gpu/batch.ts';
import { cosineRows } from '../gpu/kernels/cosine_rows.ts';
import { topKRows } from '../gpu/kernels/topk_rows.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { hookWidth, parseHook } from '../model/hooks.ts';
import type { Transformer } from '../model/transformer.ts';
import { FacetError } from '../shared/errors.ts';
import { ownColumns } from './site.ts';

/**
 * What a unit of each feature does to the next-token logits if it reaches the end unchanged. Direct path only: later
 * layers are not run. See `Transformer.directLogits` for the formula.
 * @param rows [n, d_out] W_dec rows
 * @returns scratch [n, d_vocab], the mean over the vocabulary not yet taken off; undefined where what the dictionary
 *   writes does not add to the residual stream
 */
export function directEffects(
  batch: Batch,
  model: Transformer,
  dictionary: Dictionary,
  rows: Tensor,
): Tensor | undefined {
  try {
    return model.directLogits(batch, dictionary.hookOut, wholeRows(batch, model, dictionary, rows));
  } catch (thrown) {
    if (thrown instanceof FacetError && thrown.code === 'unsupported') return undefined;
    throw thrown;
  }
}

/** Rows of one head's dictionary in the columns of all heads. */
function wholeRows(batch: Batch, { config }: Transformer, dictionary: Dictionary, rows: Tensor): Tensor {
  const columns = ownColumns(dictionary);
  if (!columns) return rows;
  const [n = 0] = rows.shape;
  const width = hookWidth(parseHook(dictionary.hookOut, config), config) ?? columns.count;
  const whole = batch.input(new Float32Array(n * width), [n, width]);
  const size = 4 * columns.count;
  for (let row = 0; row < n; row++) {
    const toOffset = 4 * (row * width + columns.from);
    batch.copy(rows, whole, { fromOffset: row * size, toOffset, size });
  }
  return whole;
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
 * @param row [1, d_out] its W_dec row
 */
export function recordFeatureCard(
  batch: Batch,
  model: Transformer,
  dictionary: Dictionary,
  row: Tensor,
  counts: { tokens: number; neighbours: number },
): FeatureTensors {
  batch.scope('feature');
  const all = directEffects(batch, model, dictionary, row);
  const effects = all && {
    all,
    promoted: topKRows(batch, { x: all, k: counts.tokens, order: 'largest' }),
    suppressed: topKRows(batch, { x: all, k: counts.tokens, order: 'smallest' }),
  };
  const cosines = decoderCosines(batch, dictionary, row);
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
