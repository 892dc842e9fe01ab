/** Plain f64 L2 norm of each row; see `kernels/row_norms.ts`. */
export function rowNormsReference(weights: ArrayLike<number>, d: number): Float64Array {
  const norms = new Float64Array(weights.length / d);
  for (let i = 0; i < weights.length; i++) norms[Math.floor(i / d)]! += weights[i]! ** 2;
  return norms.map(Math.sqrt);
}
