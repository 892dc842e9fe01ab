import { type BlockMask, PARTIAL } from '../../block-mask.ts';
import {
  attention,
  ATTENTION_VARIANTS,
  attentionQuadKernel,
  attentionRegisterKernel,
  attentionSplit,
  type AttentionVariant,
  attentionWorkgroupKernel,
  usualAttention,
} from '../../kernels/attention.ts';
import type { Asked } from '../choices.ts';
import { noise } from '../noise.ts';
import { runsOn, type TunedOp } from '../op.ts';

interface AttentionAsked {
  rows: number;
  keys: number;
  heads: number;
  kvHeads: number;
  dHead: number;
  blockSize: number;
}
const read = (asked: Asked): AttentionAsked => asked as unknown as AttentionAsked;

/** Dense causal attention: what a sparse pattern leaves out costs no variant anything. */
export const attentionOp: TunedOp = {
  id: 'attention',
  kernels: [attentionRegisterKernel, attentionQuadKernel, attentionWorkgroupKernel],
  candidates(adapter, asked) {
    const { rows, dHead } = read(asked);
    const usual = usualAttention(adapter, rows);
    const others = (Object.keys(ATTENTION_VARIANTS) as AttentionVariant[]).filter((id) => {
      const { kernel } = attentionSplit(id, dHead);
      // A query a workgroup is for few of them.
      return id !== usual && runsOn(adapter, kernel) && (kernel !== attentionQuadKernel || rows <= 16);
    });
    return [usual, ...others];
  },
  plan(id, asked) {
    const { kernel, overrides } = attentionSplit(id as AttentionVariant, read(asked).dHead);
    return { kernel, variant: { overrides } };
  },
  example(gpu, asked) {
    const { rows, keys, heads, kvHeads, dHead, blockSize } = read(asked);
    const views = ([[heads, rows], [kvHeads, keys], [kvHeads, keys]] as const).map(([count, length], i) => ({
      tensor: gpu.upload(noise(length * count * dHead, i + 3), [length, count * dHead]),
      rowStride: count * dHead,
      offset: 0,
    })); // oxfmt-ignore
    const [q, k, v] = views;
    const mask = everyEarlierBlock(rows, keys, blockSize);
    const shape = { nHeads: heads, nKvHeads: kvHeads, dHead, nQueries: rows, nKeys: keys };
    return {
      record(batch, variant) {
        const { z, lse } = attention(batch, {
          ...shape,
          q: q!,
          k: k!,
          v: v!,
          queryOffset: keys - rows,
          scale: dHead ** -0.5,
          mask,
          variant: variant as AttentionVariant,
        });
        batch.release(lse);
        return z;
      },
      [Symbol.dispose]() {
        for (const { tensor } of views) tensor.dispose();
      },
    };
  },
};

/** Every block up to a query block's last key, each of them tested key by key. */
function everyEarlierBlock(rows: number, keys: number, blockSize: number): BlockMask {
  const offsets = [0];
  const entries: number[] = [];
  for (let first = 0; first < rows; first += blockSize) {
    const last = Math.min(first + blockSize, rows) - 1 + keys - rows;
    for (let block = 0; block * blockSize <= last; block++) entries.push(block + PARTIAL);
    offsets.push(entries.length);
  }
  const [starts, blocks] = [Uint32Array.from(offsets), Uint32Array.from(entries)];
  return { blockSize, perHead: false, offsets: starts, entries: blocks, window: 0, sinks: 0 };
}
