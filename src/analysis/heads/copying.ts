import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import type { Batch } from '../../gpu/batch.ts';
import { matmul } from '../../gpu/kernels/matmul.ts';
import type { Tensor } from '../../gpu/tensor.ts';
import {
  headMatrices,
  type HeadPlace,
  type HeadReader,
  readEmbeddings,
  rowsAtOnce,
  unembeddingMean,
  unembedDirections,
} from './head-matrices.ts';

/**
 * Σ Re λ / Σ |λ| over the non-zero eigenvalues of a head's full OV circuit W_E W_V W_O W_U [d_vocab, d_vocab]: gains of
 * the norms folded in, their scales taken as 1, logits minus their mean; 0 for a head that writes nothing. They are those
 * of the [d_head, d_head] matrix that the same factors give in the other order.
 * @source Elhage et al. 2021, A Mathematical Framework for Transformer Circuits; TransformerLens
 *   `FactoredMatrix.eigenvalues`
 * @throws FacetError `cancelled`
 */
export async function copyingScore(reader: HeadReader, head: HeadPlace): Promise<number> {
  const { dHead } = reader.model.config;
  const values = await smallOv(reader, head);
  const matrix = new Matrix(
    Array.from({ length: dHead }, (_, i) => Array.from(values.subarray(i * dHead, (i + 1) * dHead))),
  );
  const { realEigenvalues: real, imaginaryEigenvalues: imaginary } = new EigenvalueDecomposition(matrix);
  const size = real.reduce((sum, re, i) => sum + Math.hypot(re, imaginary[i]!), 0);
  return size === 0 ? 0 : real.reduce((sum, re) => sum + re, 0) / size;
}

/** Σ over the vocabulary of (what W_O writes along token i's direction) ⊗ (what W_V reads of it): [d_head, d_head]. */
async function smallOv(reader: HeadReader, head: HeadPlace): Promise<Float64Array> {
  const { model, turn } = reader;
  const { dVocab, dHead, dModel } = model.config;
  const mean = await unembeddingMean(reader);
  const total = new Float64Array(dHead * dHead);
  const step = rowsAtOnce(model.config);
  for (let first = 0; first < dVocab; first += step) {
    const count = Math.min(step, dVocab - first);
    const padded = 4 * Math.ceil(count / 4);
    const { arrays } = await turn(() => {
      const batch = model.gpu.batch('OV circuit');
      const ids = batch.input(
        Uint32Array.from({ length: padded }, (_, i) => Math.min(first + i, dVocab - 1)),
        [padded],
      );
      const { v: wV, o: wO } = headMatrices(batch, model, head, { v: true, o: true });
      const read = readEmbeddings(batch, model, head.layer, ids);
      const v = matmul(batch, { x: read, weights: wV!, layout: 'nk' });
      if (padded > count) {
        const none = batch.input(new Float32Array((padded - count) * dHead), [padded - count, dHead]);
        batch.copy(none, v, { toOffset: 4 * count * dHead });
      }
      batch.release(read);
      const directions = unembedDirections(batch, model, head.layer, ids, batch.input(mean, [dModel]));
      const p = matmul(batch, { x: wO!, weights: directions, layout: 'nk' });
      batch.release(directions);
      return batch.submit([matmul(batch, { x: p, weights: v, layout: 'kn' })]);
    });
    arrays[0]!.forEach((value, i) => (total[i]! += value));
  }
  return total;
}

/**
 * The two sides of a head's OV circuit for some tokens: entry (i, j) is v[i] · p[j].
 * @param ids [n] u32
 * @returns scratch `v` and `p`, [n, d_head]
 */
export function ovSides(
  batch: Batch,
  { model }: HeadReader,
  head: HeadPlace,
  ids: Tensor,
  mean: Float32Array<ArrayBuffer>,
): { v: Tensor; p: Tensor } {
  const { v: wV, o: wO } = headMatrices(batch, model, head, { v: true, o: true });
  const read = readEmbeddings(batch, model, head.layer, ids);
  const v = matmul(batch, { x: read, weights: wV!, layout: 'nk' });
  const row = batch.input(mean, [mean.length]);
  const directions = unembedDirections(batch, model, head.layer, ids, row);
  const p = matmul(batch, { x: directions, weights: wO!, layout: 'nk' });
  batch.release(wV, wO, read, row, directions);
  return { v, p };
}

/**
 * What a head's OV circuit, attending to one token, adds to the logit of another, minus the mean over the vocabulary.
 * @param ids n of them
 * @returns [n · n] row = token attended to
 */
export async function ovEntries(
  reader: HeadReader,
  head: HeadPlace,
  ids: Uint32Array<ArrayBuffer>,
): Promise<Float32Array> {
  const { model, turn } = reader;
  const mean = await unembeddingMean(reader);
  const { arrays } = await turn(() => {
    const batch = model.gpu.batch('OV circuit');
    const { v, p } = ovSides(batch, reader, head, batch.input(ids, [ids.length]), mean);
    return batch.submit([matmul(batch, { x: v, weights: p, layout: 'nk' })]);
  });
  return arrays[0] as Float32Array;
}
