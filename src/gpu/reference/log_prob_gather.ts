/** Plain f64 ln Σ exp of one row. */
export function logSumExp(row: ArrayLike<number>): number {
  let top = -Infinity;
  for (let i = 0; i < row.length; i++) top = Math.max(top, row[i]!);
  let sum = 0;
  for (let i = 0; i < row.length; i++) sum += Math.exp(row[i]! - top);
  return top + Math.log(sum);
}

/** Plain f64 log probability of one target a row; see `kernels/log_prob_gather.ts`. */
export function logProbGatherReference(
  logits: Float32Array,
  targets: Uint32Array,
): { logProb: Float64Array; lse: Float64Array } {
  const nCols = logits.length / targets.length;
  const lse = Float64Array.from(targets, (_, t) => logSumExp(logits.subarray(t * nCols, (t + 1) * nCols)));
  const logProb = Float64Array.from(targets, (target, t) =>
    target < nCols ? logits[t * nCols + target]! - lse[t]! : -Infinity,
  );
  return { logProb, lse };
}
