import source from '../../shaders/attention_pattern.wgsl?raw';
import shared from '../../shaders/shared/attention.wgsl?raw';
import type { Batch } from '../batch.ts';
import { uploadMask } from '../block-mask.ts';
import { defineKernel } from '../kernel.ts';
import type { Tensor } from '../tensor.ts';
import { type AttentionArguments, HEAD_DIMS, headDims } from './attention.ts';

export const attentionPatternKernel = defineKernel({
  name: 'attention_pattern',
  source: `${shared}\n${source}`,
  dims: HEAD_DIMS,
  tensors: {
    q: 'read',
    k: 'read',
    offsets: 'read',
    entries: 'read',
    lse: 'read',
    pattern: 'write',
    scores: 'write',
  },
  overrides: { wg_x: 8, wg_y: 2 },
});

/** What a masked score is shown as: finite, because JSON and WGSL have no infinity. */
export const MASKED_SCORE = -3.4028234663852886e38;

/**
 * The attention matrix behind `attention`, for hook_pattern and hook_attn_scores.
 * @param lse what `attention` returned for the same arguments
 * @returns scratch `pattern` and `scores`, both [nHeads, nQueries, nKeys]
 */
export function attentionPattern(
  batch: Batch,
  args: AttentionArguments & { lse: Tensor },
): { pattern: Tensor; scores: Tensor } {
  const { nHeads, nQueries, nKeys, dHead } = args;
  const dims = headDims('attention_pattern', args);
  const pattern = batch.scratch([nHeads, nQueries, nKeys]);
  const scores = batch.scratch([nHeads, nQueries, nKeys]);
  const { offsets, entries } = uploadMask(batch, args.mask);
  batch.run(attentionPatternKernel, {
    dims,
    tensors: { q: args.q.tensor, k: args.k.tensor, offsets, entries, lse: args.lse, pattern, scores },
    groups: [Math.ceil(nKeys / 32), Math.ceil(nQueries / 8), nHeads],
    cost: { flops: 2 * nHeads * nQueries * nKeys * dHead, bytes: 8 * nHeads * nQueries * nKeys },
  });
  batch.release(offsets, entries);
  return { pattern, scores };
}
