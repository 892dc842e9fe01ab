import { saeDecodeSparse } from '../../gpu/kernels/sae_decode_sparse.ts';
import { saeEncodeTopK } from '../../gpu/kernels/sae_encode_topk.ts';
import type { Architecture } from './architecture.ts';

/**
 * TopK: p = (x − [b_dec]) · W_enc + b_enc; the k largest p are kept, then ReLU; x̂ = f · W_dec + b_dec.
 * @source Gao et al. 2024, arXiv:2406.04093; SAELens `TopKSAE`
 */
export const topk: Architecture = {
  id: 'topk',
  tensors: { W_enc: ['d_in', 'd_sae'], b_enc: ['d_sae'], W_dec: ['d_sae', 'd_in'], b_dec: ['d_in'] },
  build({ k, subtractDecoderBias }, tensor) {
    const wEnc = tensor('W_enc');
    const bEnc = tensor('b_enc');
    const wDec = tensor('W_dec');
    const bDec = tensor('b_dec');
    return {
      encode: (batch, x) =>
        saeEncodeTopK(batch, { x, wEnc, bEnc, bDec: subtractDecoderBias ? bDec : undefined, k }),
      decode: (batch, codes) => saeDecodeSparse(batch, { ...codes, wDec, bDec }),
    };
  },
};
