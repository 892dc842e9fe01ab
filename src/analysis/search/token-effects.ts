import type { Dictionary } from '../../dictionary/dictionary.ts';
import { embed } from '../../gpu/kernels/embed.ts';
import { matmul } from '../../gpu/kernels/matmul.ts';
import { sliceColumns } from '../../gpu/kernels/slice_columns.ts';
import { subtractRow } from '../../gpu/kernels/subtract_row.ts';
import type { ModelTokenizer } from '../../model/tokenizer.ts';
import { unembedding } from '../../model/unembed.ts';
import { discarding } from '../discarding.ts';
import { type HeadReader, unembeddingMean } from '../heads/head-matrices.ts';
import { ownColumns } from '../site.ts';

/**
 * What a unit of every feature does to one token's logit over the direct path, minus the mean over the vocabulary: the
 * same number as of `directEffects`, found the other way round, by one direction at the hook for all decoder rows.
 * @returns [d_sae]
 * @throws FacetError `unsupported` where what the dictionary writes does not add to the residual stream
 */
export async function tokenEffects(
  reader: HeadReader & { tokenizer: Pick<ModelTokenizer, 'vocabSize'> },
  dictionary: Dictionary,
  token: number,
): Promise<Float32Array<ArrayBuffer>> {
  const { model, tokenizer, turn } = reader;
  const mean = await unembeddingMean(reader, tokenizer.vocabSize);
  const arrays = await turn(async () => {
    const batch = model.gpu.batch('token effects');
    const parts = discarding(batch, () => {
      const ids = batch.input(Uint32Array.of(token), [1]);
      const { parts: tokens } = model.weights.matrix(unembedding(model.weights));
      const row = embed(batch, { ids, tokens, positionOffset: 0 });
      const x = subtractRow(batch, { x: row, row: batch.input(mean, [mean.length]) });
      const whole = model.directBack(batch, dictionary.hookOut, x);
      const columns = ownColumns(dictionary);
      const query = columns ? sliceColumns(batch, { x: whole, ...columns }) : whole;
      return dictionary.wDec.map((weights) => matmul(batch, { x: query, weights, layout: 'nk' }));
    });
    return (await batch.submit(parts)).arrays;
  });
  const all = new Float32Array(dictionary.dSae);
  let at = 0;
  for (const part of arrays) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
