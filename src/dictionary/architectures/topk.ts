import type { Batch } from '../../gpu/batch.ts';
import { activate } from '../../gpu/kernels/activation.ts';
import { saeEncodeTopK } from '../../gpu/kernels/sae_encode_topk.ts';
import { topKRows } from '../../gpu/kernels/topk_rows.ts';
import { FacetError } from '../../shared/errors.ts';
import type { GpuCodes } from '../codes.ts';
import type { Architecture, EncoderInput } from './architecture.ts';
import { inParts } from './parts.ts';

const MOST_K = 1024;

/**
 * TopK: the k largest p are kept, then ReLU.
 * @source Gao et al. 2024, arXiv:2406.04093; SAELens `TopKSAE`
 */
export const topk: Architecture = {
  id: 'topk',
  vectors: ['b_enc'],
  fixed: true,
  value: { vector: 'b_enc', width: 1, constant: 0 },
  check({ k = 0 }) {
    if (k > MOST_K)
      throw new FacetError('unsupported', `This dictionary keeps ${k} features; the most is ${MOST_K}.`);
  },
  encode(batch, input) {
    const [wEnc, ...more] = input.wEnc;
    if (more.length > 0) return rankAll(batch, input);
    return saeEncodeTopK(batch, { x: input.x, wEnc: wEnc!, bEnc: input.vector('b_enc'), k: input.k });
  },
};

/** An encoder too large for one buffer: every p is computed, some tokens at a time, and ranked. */
function rankAll(batch: Batch, { x, k, wEnc, vector }: EncoderInput): GpuCodes {
  const rows = x.shape[0]!;
  const indices = batch.scratch([rows, k], 'u32');
  const values = batch.scratch([rows, k]);
  inParts(batch, { x, wEnc, bias: vector('b_enc padded') }, (p, firstRow) => {
    const top = topKRows(batch, { x: p, k });
    // What is not above zero stays in its place, with an activation of zero.
    const active = activate(batch, { x: top.values, activation: 'relu' });
    const toOffset = 4 * firstRow * k;
    const size = 4 * p.shape[0]! * k;
    batch.copy(top.indices, indices, { toOffset, size });
    batch.copy(active, values, { toOffset, size });
    batch.release(top.indices, top.values, active);
  });
  return { indices, values };
}
