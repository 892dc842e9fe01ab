import { saeCountActive } from '../../gpu/kernels/sae_count_active.ts';
import { saeGatherActive } from '../../gpu/kernels/sae_gather_active.ts';
import type { Architecture } from './architecture.ts';
import { inParts } from './parts.ts';

/** With w = s · W_enc: a latent is active when w + bias > threshold and its activation w · scale + shift > 0. */
export interface Gate {
  bias: number;
  threshold: number;
  scale: number;
  shift: number;
}

/**
 * An encoder that keeps every latent which passes its gate, however many do. All latents are computed once, a part of
 * the tokens at a time; the active ones are counted, and gathered as far as there is room. `GpuCodes.counts` tells
 * whether there was.
 */
export function thresholded(
  id: string,
  vectors: readonly string[],
  gate: (value: (name: string) => number) => Gate,
): Architecture {
  return {
    id,
    vectors,
    fixed: false,
    value: { vector: 'combined', width: 4, scale: 2, constant: 3, gate: { bias: 0, threshold: 1 } },
    combine(vector, dSae) {
      const found = new Map(vectors.map((name) => [name, vector(name)]));
      const gates = new Float32Array(4 * dSae);
      for (let f = 0; f < dSae; f++) {
        const { bias, threshold, scale, shift } = gate((name) => found.get(name)![f]!);
        gates.set([bias, threshold, scale, shift], 4 * f);
      }
      return gates;
    },
    encode(batch, { x, k: room, wEnc, vector }) {
      const rows = x.shape[0]!;
      const gates = vector('combined');
      const indices = batch.scratch([rows, room], 'u32');
      const values = batch.scratch([rows, room]);
      const totals = batch.scratch([rows], 'u32');
      inParts(batch, { x, wEnc }, (p, firstRow) => {
        const counts = saeCountActive(batch, { p, gates });
        saeGatherActive(batch, { p, gates, counts, into: { indices, values, totals }, firstRow });
        batch.release(counts);
      });
      return { indices, values, counts: totals };
    },
  };
}
