import source from '../../shaders/sae_decode_sparse.wgsl?raw';
import type { Batch } from '../batch.ts';
import type { AdapterDescription } from '../device.ts';
import { defineKernel } from '../kernel.ts';
import { repeated } from '../repeat.ts';
import { shapeError } from '../shape-error.ts';
import type { Tensor } from '../tensor.ts';
import { choicesOf } from '../tune/choices.ts';

export const saeDecodeSparseKernel = defineKernel({
  name: 'sae_decode_sparse',
  source: repeated(source),
  dims: { n_tok: 'u32', k: 'u32', d4: 'u32', n_latents: 'u32', first: 'u32' },
  tensors: { indices: 'read', values: 'read', w_dec: 'weights', b_dec: 'read', x_hat: 'write' },
  overrides: { wg: 16, cols: 1 },
});

/** How the work is split: invocations a workgroup, and vec4s of columns an invocation. All give the same result. */
export const DECODE_VARIANTS = {
  narrow: { wg: 16, cols: 1 },
  wide: { wg: 64, cols: 1 },
  shared: { wg: 16, cols: 4 },
  'shared-wide': { wg: 32, cols: 2 },
};
export type DecodeVariant = keyof typeof DECODE_VARIANTS;

/** The variant for an adapter on which nothing was measured yet. */
export function usualDecode({ software }: AdapterDescription): DecodeVariant {
  return software ? 'shared' : 'wide';
}

/**
 * Reconstruction from kept features: x̂ = b_dec + Σ_k values · W_dec[indices].
 * @param indices [T, k] u32; an index of F or more (padding is 0xffffffff) is skipped, repeats add
 * @param values  [T, k] f32
 * @param wDec    weights [F, d], one direction a row, d % 4 = 0; or its parts, consecutive rows, one dispatch each
 * @param bDec    [d] f32
 * @param variant default: what was measured to be fastest here, else by adapter
 * @returns scratch x̂ [T, d]
 * @throws FacetError `bug` when the shapes do not fit
 * @source TopK SAE: Gao et al. 2024, arXiv:2406.04093
 */
export function saeDecodeSparse(
  batch: Batch,
  {
    indices,
    values,
    wDec,
    bDec,
    variant,
  }: {
    indices: Tensor;
    values: Tensor;
    wDec: Tensor | readonly Tensor[];
    bDec: Tensor;
    variant?: DecodeVariant;
  },
): Tensor {
  const [nTok = 0, k = 0] = indices.shape;
  const parts = 'length' in wDec ? wDec : [wDec];
  const d = parts[0]?.shape[1] ?? 0;
  const codes = indices.shape.length === 2 && indices.shape.join() === values.shape.join();
  const fits = d > 0 && d % 4 === 0 && bDec.shape[0] === d && parts.every(({ shape }) => shape[1] === d);
  if (!codes || indices.dtype !== 'u32' || !fits) {
    throw shapeError('sae_decode_sparse', 'd must be a multiple of 4 and equal for both', {
      indices,
      values,
      ...(parts[0] && { wDec: parts[0] }),
      bDec,
    });
  }
  const xHat = batch.scratch([nTok, d]);
  let first = 0;
  for (const part of parts) {
    const asked = { rows: nTok, k, d, weights: part.dtype };
    const usual = usualDecode(batch.gpu.adapter);
    const overrides =
      DECODE_VARIANTS[variant ?? choicesOf(batch.gpu).look('decode', asked, usual, DECODE_VARIANTS)];
    batch.run(saeDecodeSparseKernel, {
      dims: { n_tok: nTok, k, d4: d / 4, n_latents: part.shape[0]!, first },
      tensors: { indices, values, w_dec: part, b_dec: bDec, x_hat: xHat },
      groups: [Math.ceil(d / (4 * overrides.wg * overrides.cols)), nTok],
      overrides,
      cost: {
        flops: 2 * nTok * k * d,
        bytes: nTok * k * (8 + d * (part.dtype === 'f32' ? 4 : 2)) + 4 * (d + nTok * d),
      },
    });
    first += part.shape[0]!;
  }
  return xHat;
}
