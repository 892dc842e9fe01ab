import { saeEncodeTopK } from '../../gpu/kernels/sae_encode_topk.ts';
import { FacetError } from '../../shared/errors.ts';
import type { Architecture } from './architecture.ts';

const MOST_K = 1024;

/**
 * TopK: the k largest p are kept, then ReLU.
 * @source Gao et al. 2024, arXiv:2406.04093; SAELens `TopKSAE`
 */
export const topk: Architecture = {
  id: 'topk',
  vectors: ['b_enc'],
  fixed: true,
  check({ k = 0 }) {
    if (k > MOST_K)
      throw new FacetError('unsupported', `This dictionary keeps ${k} features; the most is ${MOST_K}.`);
  },
  encode: (batch, { x, k, wEnc, vector }) => saeEncodeTopK(batch, { x, wEnc, bEnc: vector('b_enc'), k }),
};
