/**
 * Candidates of the chosen groups in ascending latent order, −∞ beyond the last latent; see
 * `kernels/sae_rescore_groups.ts`.
 * @param p      [T, nLatents] pre-activations
 * @param chosen [T, nChosen]
 */
export function saeRescoreGroupsReference(
  p: Float64Array,
  nLatents: number,
  chosen: Uint32Array,
  nChosen: number,
  group: number,
): { p: Float64Array; latents: Uint32Array } {
  const nTok = p.length / nLatents;
  const candidates = new Float64Array(nTok * nChosen * group);
  const latents = new Uint32Array((nTok * nChosen * group) / 4);
  for (let t = 0; t < nTok; t++) {
    const sorted = chosen.slice(t * nChosen, (t + 1) * nChosen).sort();
    for (let i = 0; i < nChosen * group; i++) {
      const latent = sorted[Math.floor(i / group)]! * group + (i % group);
      const at = t * nChosen * group + i;
      candidates[at] = latent < nLatents ? p[t * nLatents + latent]! : -Infinity;
      if (i % 4 === 0) latents[at / 4] = latent;
    }
  }
  return { p: candidates, latents };
}
