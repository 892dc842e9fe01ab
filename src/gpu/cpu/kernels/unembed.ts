import { logProbJoinKernel } from '../../kernels/log_prob_join.ts';
import { unembedRescoreKernel } from '../../kernels/unembed_rescore.ts';
import { UNEMBED_GROUP, unembedScanKernel } from '../../kernels/unembed_scan.ts';
import { withScratch } from '../../wasm/index.ts';
import { cpuKernel } from '../kernel.ts';
import { dtypeOf, eachProduct } from '../products.ts';

const GROUP = UNEMBED_GROUP;

const capped = (value: number, cap: number): number => (cap > 0 ? cap * Math.tanh(value / cap) : value);

/** The largest of a run; NaN counts as −∞. */
function largest(values: ArrayLike<number>, from: number, to: number): number {
  let top = -Infinity;
  for (let i = from; i < to; i++) if (values[i]! > top) top = values[i]!;
  return top;
}

export const unembedScan = cpuKernel(unembedScanKernel, ({ dims, tensors, overrides, wasm }) => {
  const { n, column, cap, per_row: perRow } = dims;
  const product = {
    x: tensors.x.ptr,
    weights: tensors.w,
    nk: overrides['nk'] === 1,
    nRows: dims.n_rows,
    k: 4 * dims.k4,
    n,
    bias: dims.has_bias === 1 ? tensors.bias.ptr + 4 * column : 0,
    cap,
  };
  eachProduct(wasm, product, (row, logits) => {
    const at = 4 * (row * perRow + column / GROUP);
    wasm.expSums(logits, n, GROUP, tensors.m.ptr + at, tensors.s.ptr + at);
    const wanted = tensors.targets.u32[row]! - column;
    if (wanted >= 0 && wanted < n)
      tensors.chosen.f32[row] = new Float32Array(wasm.memory.buffer, logits, n)[wanted]!;
  });
});

export const unembedRescore = cpuKernel(unembedRescoreKernel, ({ dims, tensors, overrides, wasm }) => {
  const { n, column, cap, per_row: perRow, n_rows: nRows } = dims;
  const k = 4 * dims.k4;
  const { x, w } = tensors;
  withScratch(wasm, 4 * GROUP, (at) => {
    const [bias, chosen, sums] = [
      tensors.bias.f32,
      tensors.chosen.u32,
      new Float32Array(wasm.memory.buffer, at, GROUP),
    ];
    const [logits, best] = [tensors.logits.f32, tensors.best.f32];
    for (let place = 0; place < nRows * perRow; place++) {
      const first = chosen[place]! * GROUP - column;
      // In another part of the matrix.
      if (first < 0 || first >= n) continue;
      const count = Math.min(GROUP, n - first);
      const row = x.ptr + 4 * k * Math.floor(place / perRow);
      if (overrides['nk'] === 1) wasm.dots(row, w.ptr, dtypeOf(w), first * k, count, k, at);
      else wasm.multiplyRow(row, w.ptr, dtypeOf(w), k, n, first, count, at);
      for (let c = 0; c < GROUP; c++) {
        const value = sums[c]! + (dims.has_bias === 1 && c < count ? bias[column + first + c]! : 0);
        logits[place * GROUP + c] = c < count ? capped(value, cap) : -Infinity;
      }
      best[place] = largest(logits, place * GROUP, (place + 1) * GROUP);
    }
  });
});

export const logProbJoin = cpuKernel(logProbJoinKernel, ({ dims, tensors }) => {
  const { n_rows: nRows, n_groups: nGroups, n_cols: nCols } = dims;
  const [m, s, chosen, targets] = [tensors.m.f32, tensors.s.f32, tensors.chosen.f32, tensors.targets.u32];
  const [logProb, lse] = [tensors.log_prob.f32, tensors.lse.f32];
  for (let row = 0; row < nRows; row++) {
    const start = row * nGroups;
    const top = largest(m, start, start + nGroups);
    let sum = 0;
    for (let g = start; g < start + nGroups; g++)
      if (m[g] !== -Infinity) sum += s[g]! * Math.exp(m[g]! - top);
    const total = top + Math.log(sum);
    lse[row] = total;
    logProb[row] = targets[row]! < nCols ? chosen[row]! - total : -Infinity;
  }
});
