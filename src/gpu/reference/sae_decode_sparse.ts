/** Plain f64 sparse decode, padding skipped; see `kernels/sae_decode_sparse.ts`. */
export function saeDecodeSparseReference(
  indices: Uint32Array,
  values: ArrayLike<number>,
  wDec: ArrayLike<number>,
  bDec: ArrayLike<number>,
  k: number,
): Float64Array {
  const d = bDec.length;
  const nLatents = wDec.length / d;
  const xHat = new Float64Array((indices.length / k) * d);
  for (let i = 0; i < xHat.length; i++) xHat[i] = bDec[i % d]!;
  indices.forEach((latent, i) => {
    if (latent >= nLatents) return;
    const row = Math.floor(i / k) * d;
    for (let c = 0; c < d; c++) xHat[row + c]! += values[i]! * wDec[latent * d + c]!;
  });
  return xHat;
}
