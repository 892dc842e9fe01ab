import quadSource from '../../shaders/attention_quad.wgsl?raw';
import registerSource from '../../shaders/attention_register.wgsl?raw';
import workgroupSource from '../../shaders/attention_workgroup.wgsl?raw';
import shared from '../../shaders/shared/attention.wgsl?raw';
import type { Batch } from '../batch.ts';
import { type BlockMask, MOST_BITS, uploadMask } from '../block-mask.ts';
import type { AdapterDescription } from '../device.ts';
import { defineKernel } from '../kernel.ts';
import { repeated } from '../repeat.ts';
import { shapeError } from '../shape-error.ts';
import { elementsOf, type Tensor } from '../tensor.ts';
import { choicesOf } from '../tune/choices.ts';

/** Heads inside a larger matrix: row r starts at r · rowStride + offset, heads follow each other. In elements. */
export interface HeadView {
  tensor: Tensor;
  rowStride: number;
  offset: number;
}

export interface AttentionArguments {
  q: HeadView;
  k: HeadView;
  v: HeadView;
  nHeads: number;
  /** Divides nHeads: query head h reads key/value head ⌊h · nKvHeads / nHeads⌋. */
  nKvHeads: number;
  /** A multiple of 4, at most 256. */
  dHead: number;
  nQueries: number;
  nKeys: number;
  /** Absolute position of query row 0; key row s is at position s. */
  queryOffset: number;
  scale: number;
  /** Soft-caps the scaled scores: cap · tanh(s / cap). */
  cap?: number;
  mask: BlockMask;
}

/** Value of `lse` for a query that sees no key: the lowest f32. */
export const NO_KEYS = -3.4028234663852886e38;

/** `struct Dims` of `shaders/shared/attention.wgsl`. */
export const HEAD_DIMS = {
  n_queries: 'u32',
  n_keys: 'u32',
  query_offset: 'u32',
  n_heads: 'u32',
  group: 'u32',
  d4: 'u32',
  q_stride4: 'u32',
  q_start4: 'u32',
  k_stride4: 'u32',
  k_start4: 'u32',
  v_stride4: 'u32',
  v_start4: 'u32',
  block_size: 'u32',
  blocks_per_head: 'u32',
  window: 'u32',
  sinks: 'u32',
  bits_start: 'u32',
  scale: 'f32',
  cap: 'f32',
} as const;

const TENSORS = {
  q: 'read',
  k: 'read',
  v: 'read',
  offsets: 'read',
  entries: 'read',
  z: 'write',
  lse: 'write',
} as const;

export const attentionRegisterKernel = defineKernel({
  name: 'attention_register',
  source: `${shared}\n${registerSource}`,
  dims: HEAD_DIMS,
  tensors: TENSORS,
  overrides: { wg: 4 },
});

export const attentionWorkgroupKernel = defineKernel({
  name: 'attention_workgroup',
  source: `${shared}\n${workgroupSource}`,
  dims: HEAD_DIMS,
  tensors: TENSORS,
});

export const attentionQuadKernel = defineKernel({
  name: 'attention_quad',
  source: `${shared}\n${repeated(quadSource)}`,
  dims: HEAD_DIMS,
  tensors: TENSORS,
  overrides: { columns: 2 },
  needs: 'subgroups',
});

interface Split {
  kernel: typeof attentionRegisterKernel;
  overrides: Record<string, number>;
  /** Workgroups for a head. */
  groups: (nQueries: number, blockSize: number) => number;
}

/** Four queries of one block at a time, the last of a block possibly fewer. */
const fours = (nQueries: number, blockSize: number): number =>
  Math.ceil(nQueries / blockSize) * Math.ceil(blockSize / 4);

const register = (wg: number) => (): Split => ({
  kernel: attentionRegisterKernel,
  overrides: { wg },
  groups: (nQueries, blockSize) => Math.ceil(fours(nQueries, blockSize) / wg),
});

/** How the work is split, for heads of so many values; all give the same result up to rounding. */
export const ATTENTION_VARIANTS = {
  register: register(4),
  'register-wide': register(32),
  quad: (dHead) => ({
    kernel: attentionQuadKernel,
    // Few pipelines for all sizes of heads.
    overrides: { columns: 2 ** Math.ceil(Math.log2(Math.ceil(dHead / 16))) },
    groups: (nQueries) => nQueries,
  }),
  workgroup: () => ({ kernel: attentionWorkgroupKernel, overrides: {}, groups: fours }),
} satisfies Record<string, (dHead: number) => Split>;
export type AttentionVariant = keyof typeof ATTENTION_VARIANTS;

/** The variant for an adapter on which nothing was measured yet. */
export function usualAttention(
  { software, features }: AdapterDescription,
  nQueries: number,
): AttentionVariant {
  if (!software) return 'workgroup';
  return nQueries <= 4 && features.includes('subgroups') ? 'quad' : 'register';
}

/** What a variant runs. */
export function attentionSplit(variant: AttentionVariant, dHead: number): Split {
  return ATTENTION_VARIANTS[variant](dHead);
}

/** The uniform both attention kernels share. @throws FacetError `bug` when views, heads and mask do not fit */
export function headDims(kernel: string, args: AttentionArguments): Record<keyof typeof HEAD_DIMS, number> {
  const { q, k, v, nHeads, nKvHeads, dHead, nQueries, nKeys, queryOffset, scale, cap = 0, mask } = args;
  const tensors = { q: q.tensor, k: k.tensor, v: v.tensor };
  if (dHead % 4 !== 0 || dHead > 256 || nHeads % nKvHeads !== 0)
    throw shapeError(kernel, `cannot split ${nHeads}/${nKvHeads} heads of ${dHead}`, tensors);
  for (const [view, rows, heads] of [
    [q, nQueries, nHeads],
    [k, nKeys, nKvHeads],
    [v, nKeys, nKvHeads],
  ] as const) {
    const end = (rows - 1) * view.rowStride + view.offset + heads * dHead;
    if (view.rowStride % 4 !== 0 || view.offset % 4 !== 0 || end > elementsOf(view.tensor.shape)) {
      throw shapeError(
        kernel,
        `a view of ${rows} rows by ${view.rowStride} from ${view.offset} does not fit`,
        tensors,
      );
    }
  }
  const nQueryBlocks = Math.ceil(nQueries / mask.blockSize);
  const rows = nQueryBlocks * (mask.perHead ? nHeads : 1);
  if (mask.offsets.length !== rows + 1 || mask.offsets[rows] !== mask.entries.length) {
    throw shapeError(kernel, `the mask has ${mask.offsets.length - 1} rows, not ${rows}`, tensors);
  }
  const { bits, blockSize, entries } = mask;
  if (bits && (blockSize > MOST_BITS || bits.length !== entries.length * blockSize))
    throw shapeError(kernel, `${bits.length} words of bits for ${entries.length} blocks`, tensors);
  return {
    n_queries: nQueries,
    n_keys: nKeys,
    query_offset: queryOffset,
    n_heads: nHeads,
    group: nHeads / nKvHeads,
    d4: dHead / 4,
    q_stride4: q.rowStride / 4,
    q_start4: q.offset / 4,
    k_stride4: k.rowStride / 4,
    k_start4: k.offset / 4,
    v_stride4: v.rowStride / 4,
    v_start4: v.offset / 4,
    block_size: mask.blockSize,
    blocks_per_head: mask.perHead ? nQueryBlocks : 0,
    window: mask.bits ? 0 : mask.window,
    sinks: mask.sinks,
    bits_start: mask.bits ? mask.entries.length : 0,
    scale,
    cap,
  };
}

/** Pairs of a query and a key in the mask's blocks, masked elements of partial blocks included. */
function visitedPairs({ mask, nHeads, nQueries }: AttentionArguments): number {
  const { blockSize, offsets, perHead } = mask;
  const blocks = Math.ceil(nQueries / blockSize);
  let pairs = 0;
  for (let row = 0; row + 1 < offsets.length; row++) {
    const queries = Math.min(blockSize, nQueries - (row % blocks) * blockSize);
    pairs += (offsets[row + 1]! - offsets[row]!) * queries * blockSize;
  }
  return pairs * (perHead ? 1 : nHeads);
}

/**
 * Attention over a block mask with online softmax. Scores below −1e38 count as masked.
 * @param variant default: what was measured to be fastest here, else by adapter
 * @returns scratch `z` [nQueries, nHeads · dHead] and `lse` [nHeads, nQueries], the log-sum-exp of the scaled scores;
 *   a query that sees no key gives zeros and `NO_KEYS`
 * @throws FacetError `bug` when the shapes do not fit
 */
export function attention(
  batch: Batch,
  args: AttentionArguments & { variant?: AttentionVariant },
): { z: Tensor; lse: Tensor } {
  const { nHeads, dHead, nQueries, mask } = args;
  const dims = headDims('attention', args);
  const z = batch.scratch([nQueries, nHeads * dHead]);
  const lse = batch.scratch([nHeads, nQueries]);
  const { offsets, entries } = uploadMask(batch, mask);
  const asked = {
    rows: nQueries,
    keys: args.nKeys,
    heads: nHeads,
    kvHeads: args.nKvHeads,
    dHead,
    blockSize: mask.blockSize,
  };
  const usual = args.variant ?? usualAttention(batch.gpu.adapter, nQueries);
  const variant = args.variant ?? choicesOf(batch.gpu).look('attention', asked, usual, ATTENTION_VARIANTS);
  const { kernel, overrides, groups } = attentionSplit(variant, dHead);
  batch.run(kernel, {
    dims,
    overrides,
    tensors: { q: args.q.tensor, k: args.k.tensor, v: args.v.tensor, offsets, entries, z, lse },
    groups: [groups(nQueries, mask.blockSize), nHeads],
    cost: {
      flops: 4 * visitedPairs(args) * dHead,
      bytes: 4 * dHead * (2 * nQueries * nHeads + 2 * args.nKeys * args.nKvHeads),
    },
  });
  batch.release(offsets, entries);
  return { z, lse };
}
