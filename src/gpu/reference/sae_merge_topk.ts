import type { TopKReference } from './topk_rows.ts';
import { topKRowsReference } from './topk_rows.ts';

/** Plain top k of candidates, then ReLU; see `kernels/sae_merge_topk.ts`. */
export function saeMergeTopKReference(
  p: ArrayLike<number>,
  latents: ArrayLike<number>,
  nTok: number,
  k: number,
): TopKReference {
  const n = p.length / nTok;
  const codes = topKRowsReference(p, n, k);
  codes.indices.forEach((candidate, i) => {
    const kept = candidate !== 0xffffffff && codes.values[i]! > 0;
    const at = Math.floor(i / k) * n + candidate;
    codes.indices[i] = kept ? latents[Math.floor(at / 4)]! + (at % 4) : 0xffffffff;
    if (!kept) codes.values[i] = 0;
  });
  return codes;
}
