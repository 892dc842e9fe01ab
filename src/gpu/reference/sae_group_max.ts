/**
 * Plain f64 pre-activations p = (x − bDec) · wEnc + bEnc.
 * @param x    [T, d]
 * @param wEnc [d, padded], only the first bEnc.length columns are used
 * @param bEnc [F]
 * @returns [T, F]
 */
export function preActivations(
  x: ArrayLike<number>,
  wEnc: ArrayLike<number>,
  bEnc: ArrayLike<number>,
  d: number,
  bDec?: ArrayLike<number>,
): Float64Array {
  const nLatents = bEnc.length;
  const padded = wEnc.length / d;
  const nTok = x.length / d;
  const p = new Float64Array(nTok * nLatents);
  for (let t = 0; t < nTok; t++) {
    const row = p.subarray(t * nLatents, (t + 1) * nLatents);
    for (let f = 0; f < nLatents; f++) row[f] = bEnc[f]!;
    for (let i = 0; i < d; i++) {
      const value = x[t * d + i]! - (bDec ? bDec[i]! : 0);
      for (let f = 0; f < nLatents; f++) row[f]! += value * wEnc[i * padded + f]!;
    }
  }
  return p;
}

/** Plain f64 maxima of groups of pre-activations; see `kernels/sae_group_max.ts`. */
export function saeGroupMaxReference(p: Float64Array, nLatents: number, group: number): Float64Array {
  const nGroups = Math.ceil(nLatents / group);
  const m = new Float64Array((p.length / nLatents) * nGroups).fill(-Infinity);
  p.forEach((value, i) => {
    const at = Math.floor(i / nLatents) * nGroups + Math.floor((i % nLatents) / group);
    m[at] = Math.max(m[at]!, value);
  });
  return m;
}
