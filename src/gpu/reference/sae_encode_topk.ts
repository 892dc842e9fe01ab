import type { TopKReference } from './topk_rows.ts';
import { topKRowsReference } from './topk_rows.ts';

/** Keeps the k largest pre-activations of each token, then ReLU; see `kernels/sae_encode_topk.ts`. */
export function saeEncodeTopKReference(p: ArrayLike<number>, nLatents: number, k: number): TopKReference {
  const codes = topKRowsReference(p, nLatents, k);
  codes.values.forEach((value, i) => {
    if (value > 0) return;
    codes.indices[i] = 0xffffffff;
    codes.values[i] = 0;
  });
  return codes;
}
