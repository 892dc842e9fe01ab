import source from '../../shaders/sae_group_max.wgsl?raw';
import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { shapeError } from '../shape-error.ts';
import type { Tensor } from '../tensor.ts';

export const saeGroupMaxKernel = defineKernel({
  name: 'sae_group_max',
  source,
  dims: { n_tok: 'u32', d4: 'u32', f4: 'u32', n_latents: 'u32', n_groups: 'u32', neg_inf: 'f32' },
  tensors: { x: 'read', w_enc: 'weights', b_enc: 'read', m: 'write' },
  overrides: { wg: 8, rows: 8, per_group: 2 },
});

/** Latents whose maximum is kept together. */
export type GroupSize = 4 | 8 | 16;

/** Tokens one invocation computes: more share each weight that is read, fewer occupy a wide GPU better. */
export type TokenBlock = 1 | 4 | 8;

export interface SaeGroupMaxArguments {
  /** [T, d] f32, d % 4 = 0 */
  x: Tensor;
  /** weights [d, F padded to a multiple of 4]; columns beyond `bEnc` do not count */
  wEnc: Tensor;
  /** [F] f32 */
  bEnc: Tensor;
  group: GroupSize;
  /** Default by the number of tokens. */
  block?: TokenBlock;
}

/** @throws FacetError `bug` when an encoder's shapes do not fit */
export function encoderShape(
  kernel: string,
  { x, wEnc, bEnc }: Pick<SaeGroupMaxArguments, 'x' | 'wEnc' | 'bEnc'>,
): { nTok: number; d: number; nLatents: number; width: number } {
  const [nTok = 0, d = 0] = x.shape;
  const [depth = 0, width = 0] = wEnc.shape;
  const [nLatents = 0] = bEnc.shape;
  const fits = x.shape.length === 2 && wEnc.shape.length === 2 && depth === d && nLatents >= 1;
  if (!fits || d % 4 !== 0 || width % 4 !== 0 || width < nLatents)
    throw shapeError(kernel, 'd and the padded width must be multiples of 4 and fit', { x, wEnc, bEnc });
  return { nTok, d, nLatents, width };
}

/**
 * Largest pre-activation x · W_enc + b_enc of each group of latents; the pre-activations are never stored.
 * @returns scratch [T, ⌈F / group⌉]
 * @throws FacetError `bug` when the shapes do not fit
 */
export function saeGroupMax(batch: Batch, { x, wEnc, bEnc, group, block }: SaeGroupMaxArguments): Tensor {
  const { nTok, d, nLatents, width } = encoderShape('sae_group_max', { x, wEnc, bEnc });
  const nGroups = Math.ceil(nLatents / group);
  const rows = block ?? (nTok === 1 ? 1 : nTok <= 4 ? 4 : 8);
  const m = batch.scratch([nTok, nGroups]);
  batch.run(saeGroupMaxKernel, {
    dims: {
      n_tok: nTok,
      d4: d / 4,
      f4: width / 4,
      n_latents: nLatents,
      n_groups: nGroups,
      neg_inf: -Infinity,
    },
    tensors: { x, w_enc: wEnc, b_enc: bEnc, m },
    groups: [Math.ceil(nLatents / 16 / 8), Math.ceil(nTok / rows)],
    overrides: { rows, per_group: group / 4 },
    cost: { flops: 2 * nTok * d * nLatents, bytes: 4 * (nTok * d + nTok * nGroups) + wEnc.byteLength },
  });
  return m;
}
