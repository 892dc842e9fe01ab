import { FacetError } from '../shared/errors.ts';
import { parseHook } from './hooks.ts';
import { linear } from './linear.ts';
import type { Transformer } from './transformer.ts';

/**
 * What every token's z of a layer has in it whatever the text: b_V + b_ln1 · W_V, because attention adds up to 1.
 * TransformerLens moves it to b_O when it processes weights, so that its `hook_z` is without.
 * @param hook `blocks.{layer}.attn.hook_z`
 * @returns [n_heads · d_head]
 * @source TransformerLens `fold_layer_norm`, `fold_value_biases`
 */
export async function headConstant(
  { gpu, config, weights }: Pick<Transformer, 'gpu' | 'config' | 'weights'>,
  hook: string,
): Promise<Float32Array> {
  const { dModel, nHeads, nKvHeads, dHead } = config;
  const { layer } = parseHook(hook, config);
  const bias = weights.find(`blocks.${layer}.ln1.b`);
  const batch = gpu.batch('constant of heads');
  const x = batch.input(new Float32Array(dModel), [1, dModel]);
  if (bias) batch.copy(bias, x);
  const { arrays } = await batch.submit([linear(batch, weights, `blocks.${layer}.attn.W_QKV`, { x })]);
  const values = arrays[0]!.subarray(-nKvHeads * dHead);
  if (values.length !== nKvHeads * dHead) throw new FacetError('bug', 'fewer values than heads');
  const perGroup = nHeads / nKvHeads;
  return new Float32Array(nHeads * dHead).map((_, i) => {
    const head = Math.floor(i / dHead);
    return values[Math.floor(head / perGroup) * dHead + (i % dHead)]!;
  });
}
