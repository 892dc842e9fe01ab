/** Whether a latent with product p is active, and its activation. @param gate bias, threshold, scale, magnitude bias */
export function gated(p: number, gate: ArrayLike<number>): { active: boolean; value: number } {
  const value = p * gate[2]! + gate[3]!;
  return { active: p + gate[0]! > gate[1]! && value > 0, value };
}

/**
 * Plain counts of active latents; see `kernels/sae_count_active.ts`.
 * @param p     [T, F], not padded
 * @param gates [F, 4]
 */
export function saeCountActiveReference(
  p: ArrayLike<number>,
  gates: Float32Array,
  segment: number,
): Uint32Array {
  const nLatents = gates.length / 4;
  const nSegments = Math.ceil(nLatents / segment);
  const counts = new Uint32Array((p.length / nLatents) * nSegments);
  for (let i = 0; i < p.length; i++) {
    const f = i % nLatents;
    const at = Math.floor(i / nLatents) * nSegments + Math.floor(f / segment);
    if (gated(p[i]!, gates.subarray(4 * f, 4 * f + 4)).active) counts[at]! += 1;
  }
  return counts;
}
