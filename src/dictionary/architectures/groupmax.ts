import { saeGroupArgmax } from '../../gpu/kernels/sae_group_argmax.ts';
import { FacetError } from '../../shared/errors.ts';
import type { Architecture } from './architecture.ts';
import { inParts } from './parts.ts';

/**
 * GroupMax: the latents are k equal groups in a row, each of which keeps its largest p, then ReLU.
 * @source sparsify `FusedEncoder`
 */
export const groupmax: Architecture = {
  id: 'groupmax',
  vectors: ['b_enc'],
  fixed: true,
  value: { vector: 'b_enc', width: 1, constant: 0 },
  check({ k = 0, dSae }) {
    if (dSae % k === 0) return;
    throw new FacetError('bad-file', `${dSae} latents cannot be ${k} groups of equal size.`);
  },
  encode(batch, { x, k, wEnc, vector }) {
    const rows = x.shape[0]!;
    const into = { indices: batch.scratch([rows, k], 'u32'), values: batch.scratch([rows, k]) };
    inParts(batch, { x, wEnc }, (p, firstRow) =>
      saeGroupArgmax(batch, { p, bEnc: vector('b_enc'), into, firstRow }),
    );
    return into;
  },
};
