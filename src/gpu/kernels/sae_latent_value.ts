import source from '../../shaders/sae_latent_value.wgsl?raw';
import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { shapeError } from '../shape-error.ts';
import type { Tensor } from '../tensor.ts';

export const saeLatentValueKernel = defineKernel({
  name: 'sae_latent_value',
  source,
  dims: { n_tok: 'u32', k: 'u32', latent: 'u32' },
  tensors: { indices: 'read', values: 'read', value: 'write' },
  overrides: { wg: 64 },
});

/**
 * One latent's activation on each token, 0 where it is not among the active ones.
 * @param indices [T, k] u32, each at most once a token, padding 0xffffffff
 * @param values  [T, k] f32
 * @returns scratch [T] f32
 * @throws FacetError `bug` when the shapes do not fit
 */
export function saeLatentValue(
  batch: Batch,
  { indices, values, latent }: { indices: Tensor; values: Tensor; latent: number },
): Tensor {
  const [nTok = 0, k = 0] = indices.shape;
  if (indices.shape.length !== 2 || indices.dtype !== 'u32' || indices.shape.join() !== values.shape.join())
    throw shapeError('sae_latent_value', 'codes of one shape are needed', { indices, values });
  const value = batch.scratch([nTok]);
  batch.run(saeLatentValueKernel, {
    dims: { n_tok: nTok, k, latent },
    tensors: { indices, values, value },
    groups: [Math.ceil(nTok / 64)],
    cost: { flops: 0, bytes: 4 * nTok * (k + 2) },
  });
  return value;
}
