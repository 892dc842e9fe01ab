import { saeGroupMaxKernel } from '../../kernels/sae_group_max.ts';
import { saeRescoreGroupsKernel } from '../../kernels/sae_rescore_groups.ts';
import { cpuKernel } from '../kernel.ts';
import { eachProduct } from '../products.ts';
import { weightReader } from '../view.ts';

export const saeGroupMax = cpuKernel(saeGroupMaxKernel, ({ dims, tensors, overrides }) => {
  const group = 4 * overrides['per_group']!;
  const { n_latents: nLatents, n_groups: nGroups } = dims;
  const [bias, m] = [tensors.b_enc.f32, tensors.m.f32];
  const product = {
    x: tensors.x.f32,
    weights: tensors.w_enc,
    nk: false,
    nRows: dims.n_tok,
    k: 4 * dims.d4,
    n: nLatents,
    stride: 4 * dims.f4,
  };
  eachProduct(product, (row, sums) => {
    for (let g = 0; g < nGroups; g++) {
      let largest = -Infinity;
      for (let f = g * group; f < Math.min((g + 1) * group, nLatents); f++) {
        const value = sums[f]! + bias[f]!;
        if (value > largest) largest = value;
      }
      m[row * nGroups + g] = largest;
    }
  });
});

export const saeRescoreGroups = cpuKernel(saeRescoreGroupsKernel, ({ dims, tensors }) => {
  const [d, width, group] = [4 * dims.d4, 4 * dims.f4, 4 * dims.group4];
  const { n_tok: nTok, n_latents: nLatents, n_chosen: nChosen } = dims;
  const [x, bias, chosen, p] = [tensors.x.f32, tensors.b_enc.f32, tensors.chosen.u32, tensors.p.f32];
  const weights = weightReader(tensors.w_enc, group);
  const sums = new Float64Array(group);
  for (let t = 0; t < nTok; t++)
    for (let j = 0; j < nChosen; j++) {
      const first = chosen[t * nChosen + j]! * group;
      const count = Math.min(group, nLatents - first);
      sums.fill(0);
      for (let i = 0; i < d; i++) {
        const factor = x[t * d + i]!;
        const w = weights(i * width + first, count);
        for (let f = 0; f < count; f++) sums[f]! += factor * w[f]!;
      }
      const at = (t * nChosen + j) * group;
      for (let f = 0; f < group; f++) p[at + f] = f < count ? sums[f]! + bias[first + f]! : -Infinity;
    }
});
