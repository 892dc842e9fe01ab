import source from '../../shaders/sae_group_max.wgsl?raw';
import quadSource from '../../shaders/sae_group_max_quad.wgsl?raw';
import tiledSource from '../../shaders/sae_group_max_tiled.wgsl?raw';
import shared from '../../shaders/shared/group_max.wgsl?raw';
import plusProduct from '../../shaders/shared/plus_product.wgsl?raw';
import type { Batch } from '../batch.ts';
import type { AdapterDescription } from '../device.ts';
import { defineKernel } from '../kernel.ts';
import { repeated } from '../repeat.ts';
import { shapeError } from '../shape-error.ts';
import type { Tensor } from '../tensor.ts';
import { choicesOf } from '../tune/choices.ts';

const common = {
  dims: { n_tok: 'u32', d4: 'u32', f4: 'u32', n_latents: 'u32', n_groups: 'u32', neg_inf: 'f32' },
  tensors: { x: 'read', w_enc: 'weights', b_enc: 'read', m: 'write' },
} as const;

export const saeGroupMaxKernel = defineKernel({
  name: 'sae_group_max',
  source: `${shared}\n${source}`,
  ...common,
  overrides: { wg: 8, rows: 8, per_group: 2 },
});

export const saeGroupMaxQuadKernel = defineKernel({
  name: 'sae_group_max_quad',
  source: `${shared}\n${plusProduct}\n${repeated(quadSource)}`,
  ...common,
  overrides: { wg: 8, rows: 16, per_group: 2 },
  needs: 'subgroups',
});

export const saeGroupMaxTiledKernel = defineKernel({
  name: 'sae_group_max_tiled',
  source: `${shared}\n${tiledSource}`,
  ...common,
  overrides: { wg_x: 8, wg_y: 8, depth4: 4, per_group: 2 },
});

/** Latents whose maximum is kept together. */
export type GroupSize = 4 | 8 | 16;

interface Split {
  kernel: typeof saeGroupMaxKernel;
  overrides: Record<string, number>;
  /** Tokens and latents a workgroup computes. */
  tile: readonly [tokens: number, latents: number];
}

/** More tokens an invocation share each weight that is read, fewer occupy a wide GPU better. */
const register = (wg: number, most: number) => (nTok: number) => {
  const rows = Math.min(most, nTok === 1 ? 1 : nTok <= 4 ? 4 : 8);
  return { kernel: saeGroupMaxKernel, overrides: { wg, rows }, tile: [rows, 16 * wg] as const };
};
const quad = (wg: number) => (nTok: number) => {
  const rows = nTok >= 9 ? 16 : nTok >= 5 ? 8 : 4;
  return { kernel: saeGroupMaxQuadKernel, overrides: { wg, rows }, tile: [rows, 16 * wg] as const };
};
const tiled = (wg_x: number, wg_y: number, depth4: number) => () => ({
  kernel: saeGroupMaxTiledKernel,
  overrides: { wg_x, wg_y, depth4 },
  tile: [4 * wg_y, 4 * wg_x] as const,
});

/** How the work is split, by the number of tokens; all give the same result up to rounding. */
export const GROUP_MAX_VARIANTS = {
  register: register(8, 8),
  'register-few': register(32, 4),
  'register-one': register(64, 1),
  'register-wide': register(64, 8),
  quad: quad(8),
  'quad-wide': quad(64),
  tiled: tiled(8, 8, 4),
  'tiled-large': tiled(16, 16, 4),
  'tiled-deep': tiled(8, 8, 8),
  'tiled-wide': tiled(16, 8, 4),
  'tiled-flat': tiled(32, 2, 4),
} satisfies Record<string, (nTok: number) => Split>;
export type GroupMaxVariant = keyof typeof GROUP_MAX_VARIANTS;

export interface SaeGroupMaxArguments {
  /** [T, d] f32, d % 4 = 0 */
  x: Tensor;
  /** weights [d, F padded to a multiple of 4]; columns beyond `bEnc` do not count */
  wEnc: Tensor;
  /** [F] f32 */
  bEnc: Tensor;
  group: GroupSize;
  /** Default: what was measured to be fastest here, else by adapter and number of tokens. */
  variant?: GroupMaxVariant;
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
export function saeGroupMax(batch: Batch, args: SaeGroupMaxArguments): Tensor {
  const { x, wEnc, bEnc, group } = args;
  const { nTok, d, nLatents, width } = encoderShape('sae_group_max', { x, wEnc, bEnc });
  const nGroups = Math.ceil(nLatents / group);
  const asked = { rows: nTok, k: d, n: nLatents, group, weights: wEnc.dtype };
  const usual = args.variant ?? usualGroupMax(batch.gpu.adapter, nTok);
  const variant = args.variant ?? choicesOf(batch.gpu).look('encode', asked, usual, GROUP_MAX_VARIANTS);
  const { kernel, overrides, tile } = groupMaxSplit(variant, nTok, group);
  const m = batch.scratch([nTok, nGroups]);
  batch.run(kernel, {
    dims: {
      n_tok: nTok,
      d4: d / 4,
      f4: width / 4,
      n_latents: nLatents,
      n_groups: nGroups,
      neg_inf: -Infinity,
    },
    tensors: { x, w_enc: wEnc, b_enc: bEnc, m },
    groups: [Math.ceil(nLatents / tile[1]), Math.ceil(nTok / tile[0])],
    overrides,
    cost: { flops: 2 * nTok * d * nLatents, bytes: 4 * (nTok * d + nTok * nGroups) + wEnc.byteLength },
  });
  return m;
}

/** The variant for an adapter on which nothing was measured yet. */
export function usualGroupMax({ software, features }: AdapterDescription, nTok: number): GroupMaxVariant {
  if (!software) return nTok <= 4 ? 'register-few' : 'tiled';
  return nTok >= 9 && features.includes('subgroups') ? 'quad' : 'register';
}

/** What a variant runs. */
export function groupMaxSplit(variant: GroupMaxVariant, nTok: number, group: GroupSize): Split {
  const split: Split = GROUP_MAX_VARIANTS[variant](nTok);
  return { ...split, overrides: { ...split.overrides, per_group: group / 4 } };
}
