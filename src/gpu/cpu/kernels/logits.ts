import { klRowsKernel } from '../../kernels/kl_rows.ts';
import { logProbGatherKernel } from '../../kernels/log_prob_gather.ts';
import { cpuKernel } from '../kernel.ts';

export const logProbGather = cpuKernel(logProbGatherKernel, ({ dims, tensors, wasm }) => {
  const { n_rows: nRows, n_cols: nCols } = dims;
  wasm.logSumExpRows(tensors.logits.ptr, nRows, nCols, tensors.lse.ptr);
  const [logits, targets] = [tensors.logits.f32, tensors.targets.u32];
  const [logProb, lse] = [tensors.log_prob.f32, tensors.lse.f32];
  for (let row = 0; row < nRows; row++) {
    const wanted = targets[row]!;
    logProb[row] = wanted < nCols ? logits[row * nCols + wanted]! - lse[row]! : -Infinity;
  }
});

/** P (e^r − 1 − r) with r = ln Q − ln P: never negative, and nothing cancels when the rows are nearly equal. */
function term(logP: number, logQ: number): number {
  if (logP === -Infinity) return logQ === -Infinity ? 0 : Math.exp(logQ);
  if (logQ === -Infinity) return Infinity;
  const r = logQ - logP;
  const prob = Math.exp(logP);
  if (Math.abs(r) < 0.25) {
    // Taylor series, next term r^8 / 40320 < 1e-8 of the first
    const tail = r * (1 / 24 + r * (1 / 120 + r * (1 / 720 + r / 5040)));
    return prob * r * r * (0.5 + r * (1 / 6 + tail));
  }
  return Math.max(0, Math.exp(logQ) - prob - prob * r);
}

export const klRows = cpuKernel(klRowsKernel, ({ dims, tensors }) => {
  const { n_rows: nRows, n_cols: nCols } = dims;
  const [p, q, kl] = [tensors.p.f32, tensors.q.f32, tensors.kl.f32];
  const [lseP, lseQ] = [tensors.lse_p.f32, tensors.lse_q.f32];
  for (let row = 0; row < nRows; row++) {
    const start = row * nCols;
    const [ofP, ofQ] = [lseP[row]!, lseQ[row]!];
    let sum = 0;
    for (let c = 0; c < nCols; c++) sum += term(p[start + c]! - ofP, q[start + c]! - ofQ);
    kl[row] = sum;
  }
});
