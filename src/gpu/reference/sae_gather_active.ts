import { gated } from './sae_count_active.ts';

/**
 * Plain list of active latents, ascending; see `kernels/sae_gather_active.ts`.
 * @param p     [T, F], not padded
 * @param gates [F, 4]
 */
export function saeGatherActiveReference(
  p: ArrayLike<number>,
  gates: Float32Array,
  room: number,
): { indices: Uint32Array; values: Float32Array; totals: Uint32Array } {
  const nLatents = gates.length / 4;
  const nTok = p.length / nLatents;
  const indices = new Uint32Array(nTok * room).fill(0xffffffff);
  const values = new Float32Array(nTok * room);
  const totals = new Uint32Array(nTok);
  for (let i = 0; i < p.length; i++) {
    const [t, f] = [Math.floor(i / nLatents), i % nLatents];
    const { active, value } = gated(p[i]!, gates.subarray(4 * f, 4 * f + 4));
    if (!active) continue;
    const place = totals[t]!;
    totals[t] = place + 1;
    if (place >= room) continue;
    indices[t * room + place] = f;
    values[t * room + place] = value;
  }
  return { indices, values, totals };
}
