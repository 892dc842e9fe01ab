import { topKGroupMaxKernel } from '../../kernels/topk_group_max.ts';
import { topKGroupsKernel } from '../../kernels/topk_groups.ts';
import { topKRowsKernel } from '../../kernels/topk_rows.ts';
import { Best } from '../best.ts';
import { cpuKernel } from '../kernel.ts';

const UNUSED = 0xffffffff;

export const topKRows = cpuKernel(topKRowsKernel, ({ dims, tensors }) => {
  const { n_rows: nRows, n_cols: nCols, k, sign } = dims;
  const [x, indices, values] = [tensors.x.f32, tensors.indices.u32, tensors.values.f32];
  const best = new Best(k);
  for (let row = 0; row < nRows; row++) {
    for (let c = 0; c < nCols; c++) best.offer(sign * x[row * nCols + c]!, c);
    const count = best.drain((place, value, index) => {
      indices[row * k + place] = index;
      values[row * k + place] = sign * value;
    });
    indices.fill(UNUSED, row * k + count, (row + 1) * k);
    values.fill(0, row * k + count, (row + 1) * k);
  }
});

export const topKGroupMax = cpuKernel(topKGroupMaxKernel, ({ dims, tensors }) => {
  const { n_rows: nRows, n_cols: nCols, group, n_groups: nGroups, sign } = dims;
  const [x, m] = [tensors.x.f32, tensors.m.f32];
  for (let row = 0; row < nRows; row++)
    for (let g = 0; g < nGroups; g++) {
      let largest = -Infinity;
      for (let c = g * group; c < Math.min((g + 1) * group, nCols); c++) {
        const value = sign * x[row * nCols + c]!;
        if (value > largest) largest = value;
      }
      m[row * nGroups + g] = largest;
    }
});

export const topKGroups = cpuKernel(topKGroupsKernel, ({ dims, tensors }) => {
  const { n_rows: nRows, n_cols: nCols, group, n_chosen: nChosen, k, sign } = dims;
  const [x, chosen] = [tensors.x.f32, tensors.chosen.u32];
  const [indices, values] = [tensors.indices.u32, tensors.values.f32];
  const best = new Best(k);
  for (let row = 0; row < nRows; row++) {
    for (let place = 0; place < nChosen; place++) {
      const first = chosen[row * nChosen + place]! * group;
      const start = dims.compact === 1 ? (row * nChosen + place) * group : row * nCols + first;
      for (let i = 0; i < Math.min(group, nCols - first); i++) best.offer(sign * x[start + i]!, first + i);
    }
    const count = best.drain((place, value, index) => {
      const isKept = dims.relu === 0 || value > 0;
      indices[row * k + place] = isKept ? index : UNUSED;
      values[row * k + place] = isKept ? sign * value : 0;
    });
    indices.fill(UNUSED, row * k + count, (row + 1) * k);
    values.fill(0, row * k + count, (row + 1) * k);
  }
});
