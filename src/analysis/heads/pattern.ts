import type { Batch } from '../../gpu/batch.ts';
import { matmul } from '../../gpu/kernels/matmul.ts';
import { rowNorms } from '../../gpu/kernels/row_norms.ts';
import { sliceColumns } from '../../gpu/kernels/slice_columns.ts';
import { weighPattern } from '../../gpu/kernels/weigh_pattern.ts';
import type { Tensor } from '../../gpu/tensor.ts';
import type { Transformer } from '../../model/transformer.ts';
import { FacetError } from '../../shared/errors.ts';
import { weightRows } from './head-matrices.ts';

export type Weighting = 'attention' | 'value' | 'scores';

/**
 * What one head, or a layer's heads on average, attends to.
 *
 * `attention`: A[t, s]. `value`: A[t, s] · ‖v[s] W_O‖₂, v the key/value head's the query head shares, biases of v
 * included, that of the output not. `scores`: scaled, capped where the model caps them, the lowest f32 where masked. The mean
 * over heads is the mean of the heads' numbers.
 * @param head `null`: the mean
 * @returns [T · T] row = query
 * @source value-weighted patterns: Kobayashi et al. 2020, arXiv:2004.10102
 * @throws FacetError `bad-input` for a layer or head the model does not have
 */
export async function readPatternOf(
  model: Transformer,
  ids: Uint32Array<ArrayBuffer>,
  { layer, head, weighting }: { layer: number; head: number | null; weighting: Weighting },
): Promise<Float32Array> {
  const { nHeads } = model.config;
  checkHead(model, layer, head ?? 0);
  const batch = model.gpu.batch('pattern');
  try {
    const at = `blocks.${layer}.attn`;
    const matrix = `${at}.${weighting === 'scores' ? 'hook_attn_scores' : 'hook_pattern'}`;
    const captures = [matrix, ...(weighting === 'value' ? [`${at}.hook_v`] : [])];
    const run = model.record(batch, { ids, captures });
    const heads = head === null ? { first: 0, count: nHeads } : { first: head, count: 1 };
    const keyWeights =
      weighting === 'value'
        ? valueNorms(batch, model, layer, run.captures.get(`${at}.hook_v`)!, heads)
        : batch.input(new Float32Array(nHeads * ids.length).fill(1 / heads.count), [nHeads, ids.length]);
    const y = weighPattern(batch, { x: run.captures.get(matrix)!, keyWeights, heads });
    const { arrays } = await batch.submit([y]);
    const values = arrays[0] as Float32Array;
    return weighting === 'value' ? values.map((value) => value / heads.count) : values;
  } catch (thrown) {
    batch.discard();
    throw thrown;
  }
}

/** @throws FacetError `bad-input` */
export function checkHead({ config }: Transformer, layer: number, head: number): void {
  const { nLayers, nHeads } = config;
  const whole = (value: number, below: number): boolean =>
    Number.isInteger(value) && value >= 0 && value < below;
  if (whole(layer, nLayers) && whole(head, nHeads)) return;
  throw new FacetError('bad-input', `The model has no head ${head} in layer ${layer}.`, {
    hint: `Layers are 0 to ${nLayers - 1}, heads 0 to ${nHeads - 1}.`,
  });
}

/** ‖v[s] W_O,h‖ for the heads asked for. @returns scratch [H, T], other heads' rows meaningless */
function valueNorms(
  batch: Batch,
  model: Transformer,
  layer: number,
  values: Tensor,
  { first, count }: { first: number; count: number },
): Tensor {
  const { nHeads, nKvHeads, dHead } = model.config;
  const [rows = 0] = values.shape;
  const norms = batch.input(new Float32Array(nHeads * rows), [nHeads, rows]);
  for (let head = first; head < first + count; head++) {
    const x = sliceColumns(batch, {
      x: values,
      from: Math.floor((head * nKvHeads) / nHeads) * dHead,
      count: dHead,
    });
    const wO = weightRows(batch, model, `blocks.${layer}.attn.W_O`, 'in', {
      from: head * dHead,
      count: dHead,
    });
    const written = matmul(batch, { x, weights: wO, layout: 'kn' });
    const own = rowNorms(batch, { weights: written });
    batch.copy(own, norms, { toOffset: 4 * head * rows, size: 4 * rows });
    batch.release(x, wO, written, own);
  }
  return norms;
}
