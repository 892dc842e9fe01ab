/**
 * Plain strongest latent of each group; see `kernels/sae_group_argmax.ts`.
 * @param p    [T, F], not padded
 * @param bEnc [F]
 */
export function saeGroupArgmaxReference(
  p: ArrayLike<number>,
  bEnc: ArrayLike<number>,
  k: number,
): { indices: Uint32Array; values: Float32Array } {
  const nLatents = bEnc.length;
  const nTok = p.length / nLatents;
  const indices = new Uint32Array(nTok * k).fill(0xffffffff);
  const values = new Float32Array(nTok * k);
  for (let i = 0; i < p.length; i++) {
    const [t, f] = [Math.floor(i / nLatents), i % nLatents];
    const place = t * k + Math.floor((f * k) / nLatents);
    const value = p[i]! + bEnc[f]!;
    if (!(value > values[place]!)) continue;
    indices[place] = f;
    values[place] = value;
  }
  return { indices, values };
}
