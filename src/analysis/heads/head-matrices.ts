import type { Batch } from '../../gpu/batch.ts';
import { columnMean } from '../../gpu/kernels/column_mean.ts';
import { embed } from '../../gpu/kernels/embed.ts';
import { matmul } from '../../gpu/kernels/matmul.ts';
import { scaleColumns } from '../../gpu/kernels/scale_columns.ts';
import { subtractRow } from '../../gpu/kernels/subtract_row.ts';
import type { Tensor } from '../../gpu/tensor.ts';
import type { ModelTokenizer } from '../../model/tokenizer.ts';
import type { Transformer } from '../../model/transformer.ts';
import { unembedding } from '../../model/unembed.ts';

/** What reading a head's weights takes. Every piece of GPU work is one turn. */
export interface HeadReader {
  model: Transformer;
  tokenizer: ModelTokenizer;
  turn: <Result>(work: () => Promise<Result>) => Promise<Result>;
}

export interface HeadPlace {
  layer: number;
  head: number;
}

/**
 * `count` rows or columns of one of the model's matrices W [in, out], whatever way round it is stored, in f32.
 * @param axis `in`: rows of W; `out`: its columns, as rows
 * @returns scratch [count, the other size]
 */
export function weightRows(
  batch: Batch,
  { weights }: Pick<Transformer, 'weights'>,
  name: string,
  axis: 'in' | 'out',
  { from, count }: { from: number; count: number },
): Tensor {
  const { parts, layout } = weights.matrix(name);
  if ((axis === 'in') === (layout === 'kn')) {
    const ids = batch.input(
      Uint32Array.from({ length: count }, (_, i) => from + i),
      [count],
    );
    const rows = embed(batch, { ids, tokens: parts, positionOffset: 0 });
    batch.release(ids);
    return rows;
  }
  // Columns of what is stored: each stored row times unit vectors.
  const width = parts[0]!.shape[1]!;
  const unit = new Float32Array(count * width);
  for (let i = 0; i < count; i++) unit[i * width + from + i] = 1;
  const x = batch.input(unit, [count, width]);
  const y = batch.scratch([count, parts.reduce((sum, { shape }) => sum + shape[0]!, 0)]);
  let column = 0;
  for (const part of parts) {
    matmul(batch, { x, weights: part, layout: 'nk', into: { y, column } });
    column += part.shape[0]!;
  }
  batch.release(x);
  return y;
}

/**
 * W_Q, W_K, W_V transposed and W_O of one query head; key and value those of its group.
 * @returns scratch, each [d_head, d_model]
 */
export function headMatrices(
  batch: Batch,
  model: Transformer,
  { layer, head }: HeadPlace,
  which: { q?: boolean; k?: boolean; v?: boolean; o?: boolean },
): { q?: Tensor; k?: Tensor; v?: Tensor; o?: Tensor } {
  const { nHeads, nKvHeads, dHead } = model.config;
  const shared = nHeads + Math.floor((head * nKvHeads) / nHeads);
  const column = (place: number): Tensor =>
    weightRows(batch, model, `blocks.${layer}.attn.W_QKV`, 'out', { from: place * dHead, count: dHead });
  return {
    q: which.q ? column(head) : undefined,
    k: which.k ? column(shared) : undefined,
    v: which.v ? column(shared + nKvHeads) : undefined,
    o: which.o
      ? weightRows(batch, model, `blocks.${layer}.attn.W_O`, 'in', { from: head * dHead, count: dHead })
      : undefined,
  };
}

/**
 * Token embeddings as a layer's heads would read them: centred where the norm centres, times its gain, its scale taken
 * as 1, without positions and bias.
 * @param ids [n] u32
 * @returns scratch [n, d_model]
 */
export function readEmbeddings(batch: Batch, model: Transformer, layer: number, ids: Tensor): Tensor {
  const { weights, config } = model;
  const { parts } = weights.matrix('embed.W_E');
  const x = embed(batch, { ids, tokens: parts, positionOffset: 0, scale: config.embedScale });
  const gain = weights.get(`blocks.${layer}.ln1.w`);
  const read = scaleColumns(batch, { x, gain, centre: config.norm === 'LN' });
  batch.release(x);
  return read;
}

/**
 * What an attention output of a layer must point along to raise the logit of each token, minus the mean over the
 * vocabulary: y · u[i] is what y adds to logit i less what it adds to all on average, norms' scales taken as 1.
 * @param ids [n] u32
 * @param mean [d_model] of W_U over the vocabulary
 * @returns scratch [n, d_model]
 */
export function unembedDirections(
  batch: Batch,
  { weights, config }: Transformer,
  layer: number,
  ids: Tensor,
  mean: Tensor,
): Tensor {
  const centre = config.norm === 'LN';
  const ones = batch.input(new Float32Array(config.dModel).fill(1), [config.dModel]);
  const steps: ((x: Tensor) => Tensor)[] = [(x) => subtractRow(batch, { x, row: mean })];
  const backThrough = (name: string): void => {
    const gain = weights.get(name);
    steps.push((x) => scaleColumns(batch, { x, gain, centre: false }));
    if (centre) steps.push((x) => scaleColumns(batch, { x, gain: ones, centre }));
  };
  backThrough('ln_final.w');
  if (config.sandwich) backThrough(`blocks.${layer}.ln1_post.w`);
  const { parts } = weights.matrix(unembedding(weights));
  let x = embed(batch, { ids, tokens: parts, positionOffset: 0 });
  for (const step of steps) {
    const next = step(x);
    batch.release(x);
    x = next;
  }
  batch.release(ones);
  return x;
}

/** Rows of a [n, d_model] scratch tensor that are made at once. */
export function rowsAtOnce({ dModel }: { dModel: number }): number {
  return 4 * Math.max(64, Math.floor(2 ** 20 / dModel));
}

const means = new WeakMap<Transformer, Map<number, Promise<Float32Array<ArrayBuffer>>>>();

/**
 * Mean row of W_U over the vocabulary, computed once for a model.
 * @param tokens rows counted, from the first; a vocabulary may be padded with rows that are no tokens
 * @returns [d_model]
 */
export function unembeddingMean(
  reader: Pick<HeadReader, 'model' | 'turn'>,
  tokens = reader.model.config.dVocab,
): Promise<Float32Array<ArrayBuffer>> {
  const { model } = reader;
  const known = means.get(model) ?? new Map<number, Promise<Float32Array<ArrayBuffer>>>();
  means.set(model, known);
  const made = known.get(tokens) ?? computeMean(reader, tokens);
  known.set(tokens, made);
  made.catch(() => known.delete(tokens)); // cancelled: the next who asks begins anew
  return made;
}

async function computeMean(
  { model, turn }: Pick<HeadReader, 'model' | 'turn'>,
  tokens: number,
): Promise<Float32Array<ArrayBuffer>> {
  const { dModel } = model.config;
  const { parts } = model.weights.matrix(unembedding(model.weights));
  const sum = new Float64Array(dModel);
  const step = rowsAtOnce(model.config);
  for (let from = 0; from < tokens; from += step) {
    const count = Math.min(step, tokens - from);
    const { arrays } = await turn(() => {
      const batch = model.gpu.batch('mean of W_U');
      const ids = batch.input(
        Uint32Array.from({ length: count }, (_, i) => from + i),
        [count],
      );
      const x = embed(batch, { ids, tokens: parts, positionOffset: 0 });
      return batch.submit([columnMean(batch, { x, fromRow: 0, toRow: count })]);
    });
    arrays[0]!.forEach((value, i) => (sum[i]! += (value * count) / tokens));
  }
  return Float32Array.from(sum);
}
