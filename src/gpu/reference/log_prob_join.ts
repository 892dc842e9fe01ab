/** Plain f64: ln Σ s exp m over the groups of each row, and what is chosen less that; see `kernels/log_prob_join.ts`. */
export function logProbJoinReference(
  m: ArrayLike<number>,
  s: ArrayLike<number>,
  chosen: ArrayLike<number>,
): { logProb: Float64Array; lse: Float64Array } {
  const nRows = chosen.length;
  const nGroups = m.length / nRows;
  const lse = Float64Array.from({ length: nRows }, (_, row) => {
    const groups = [...Array(nGroups).keys()].map((group) => row * nGroups + group);
    const top = Math.max(...groups.map((at) => m[at]!));
    const sum = groups.reduce((total, at) => total + (s[at] === 0 ? 0 : s[at]! * Math.exp(m[at]! - top)), 0);
    return top + Math.log(sum);
  });
  return { logProb: lse.map((sum, row) => chosen[row]! - sum), lse };
}
