/** Plain embedding lookup; see `kernels/embed.ts`. */
export function embedReference(
  ids: ArrayLike<number>,
  d: number,
  matrices: { tokens?: ArrayLike<number>; positions?: ArrayLike<number>; positionOffset: number },
): Float64Array {
  const y = new Float64Array(ids.length * d);
  for (let t = 0; t < ids.length; t++) {
    for (let i = 0; i < d; i++) {
      y[t * d + i] =
        (matrices.tokens?.[ids[t]! * d + i] ?? 0) +
        (matrices.positions?.[(t + matrices.positionOffset) * d + i] ?? 0);
    }
  }
  return y;
}
