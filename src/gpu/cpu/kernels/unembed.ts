import { logProbJoinKernel } from '../../kernels/log_prob_join.ts';
import { unembedRescoreKernel } from '../../kernels/unembed_rescore.ts';
import { UNEMBED_GROUP, unembedScanKernel } from '../../kernels/unembed_scan.ts';
import { cpuKernel } from '../kernel.ts';
import { eachProduct } from '../products.ts';
import { weightReader } from '../view.ts';

const GROUP = UNEMBED_GROUP;

const capped = (value: number, cap: number): number => (cap > 0 ? cap * Math.tanh(value / cap) : value);

/** The largest of a run; NaN counts as −∞. */
function largest(values: ArrayLike<number>, from: number, to: number): number {
  let top = -Infinity;
  for (let i = from; i < to; i++) if (values[i]! > top) top = values[i]!;
  return top;
}

export const unembedScan = cpuKernel(unembedScanKernel, ({ dims, tensors, overrides }) => {
  const { n, column, cap, per_row: perRow } = dims;
  const [bias, targets] = [tensors.bias.f32, tensors.targets.u32];
  const [m, s, chosen] = [tensors.m.f32, tensors.s.f32, tensors.chosen.f32];
  const product = {
    x: tensors.x.f32,
    weights: tensors.w,
    nk: overrides['nk'] === 1,
    nRows: dims.n_rows,
    k: 4 * dims.k4,
    n,
  };
  eachProduct(product, (row, logits) => {
    for (let c = 0; c < n; c++)
      logits[c] = capped(logits[c]! + (dims.has_bias === 1 ? bias[column + c]! : 0), cap);
    for (let first = 0; first < n; first += GROUP) {
      const end = Math.min(first + GROUP, n);
      const top = largest(logits, first, end);
      let sum = 0;
      // −∞ − −∞ must not become NaN.
      for (let c = first; c < end; c++) if (logits[c] !== -Infinity) sum += Math.exp(logits[c]! - top);
      const at = row * perRow + (column + first) / GROUP;
      m[at] = top;
      s[at] = sum;
    }
    const wanted = targets[row]! - column;
    if (wanted >= 0 && wanted < n) chosen[row] = logits[wanted]!;
  });
});

export const unembedRescore = cpuKernel(unembedRescoreKernel, ({ dims, tensors, overrides }) => {
  const { n, column, cap, per_row: perRow, n_rows: nRows } = dims;
  const k = 4 * dims.k4;
  const nk = overrides['nk'] === 1;
  const [x, bias, chosen] = [tensors.x.f32, tensors.bias.f32, tensors.chosen.u32];
  const [logits, best] = [tensors.logits.f32, tensors.best.f32];
  const read = weightReader(tensors.w, nk ? k : GROUP);
  const sums = new Float64Array(GROUP);
  for (let row = 0; row < nRows; row++)
    for (let place = row * perRow; place < (row + 1) * perRow; place++) {
      const first = chosen[place]! * GROUP - column;
      // In another part of the matrix.
      if (first < 0 || first >= n) continue;
      const count = Math.min(GROUP, n - first);
      sums.fill(0);
      if (nk) {
        for (let c = 0; c < count; c++) {
          const w = read((first + c) * k, k);
          for (let i = 0; i < k; i++) sums[c]! += x[row * k + i]! * w[i]!;
        }
      } else {
        for (let i = 0; i < k; i++) {
          const w = read(i * n + first, count);
          for (let c = 0; c < count; c++) sums[c]! += x[row * k + i]! * w[c]!;
        }
      }
      for (let c = 0; c < GROUP; c++) {
        const value = sums[c]! + (dims.has_bias === 1 && c < count ? bias[column + first + c]! : 0);
        logits[place * GROUP + c] = c < count ? capped(value, cap) : -Infinity;
      }
      best[place] = largest(logits, place * GROUP, (place + 1) * GROUP);
    }
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
