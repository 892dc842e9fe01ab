import { logSumExp } from './log_prob_gather.ts';

/** Plain f64 KL(softmax p ‖ softmax q) of each row, by its definition; see `kernels/kl_rows.ts`. */
export function klRowsReference(p: Float32Array, q: Float32Array, nCols: number): Float64Array {
  const kl = new Float64Array(p.length / nCols);
  for (let t = 0; t < kl.length; t++) {
    const a = p.subarray(t * nCols, (t + 1) * nCols);
    const b = q.subarray(t * nCols, (t + 1) * nCols);
    const lseA = logSumExp(a);
    const lseB = logSumExp(b);
    for (let i = 0; i < nCols; i++) {
      const logP = a[i]! - lseA;
      if (logP > -Infinity) kl[t]! += Math.exp(logP) * (logP - (b[i]! - lseB));
    }
  }
  return kl;
}
