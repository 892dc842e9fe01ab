import { saeEncodeTopKKernel } from '../../kernels/sae_encode_topk.ts';
import {
  saeGroupMaxKernel,
  saeGroupMaxQuadKernel,
  saeGroupMaxTiledKernel,
} from '../../kernels/sae_group_max.ts';
import { saeRescoreGroupsKernel } from '../../kernels/sae_rescore_groups.ts';
import { withScratch } from '../../wasm/index.ts';
import { type CpuCall, cpuKernel } from '../kernel.ts';
import { dtypeOf, eachProduct } from '../products.ts';

type Call = CpuCall<keyof typeof saeGroupMaxKernel.dims, keyof typeof saeGroupMaxKernel.tensors>;

export const saeEncodeTopK = cpuKernel(saeEncodeTopKKernel, ({ dims, tensors, wasm }) => {
  const { n_tok: nTok, n_latents: nLatents, k } = dims;
  const [d, width] = [4 * dims.d4, 4 * dims.f4];
  const { x, w_enc: w, b_enc: bEnc, b_dec: bDec, indices, values } = tensors;
  withScratch(wasm, wasm.encodeTopKScratch(nTok, d, nLatents), (scratch) => {
    const centre = dims.has_b_dec === 1 ? bDec.ptr : 0;
    const out = [indices.ptr, values.ptr, scratch] as const;
    wasm.encodeTopK(x.ptr, w.ptr, dtypeOf(w), bEnc.ptr, centre, nTok, d, nLatents, width, k, ...out);
  });
});

/** Of the ways to split the work on a GPU nothing is left here. */
function groupMax({ dims, tensors, overrides, wasm }: Call): void {
  const group = 4 * overrides['per_group']!;
  const { n_tok: nRows, n_latents: nLatents, n_groups: nGroups } = dims;
  const [k, n] = [4 * dims.d4, 4 * dims.f4];
  const product = { x: tensors.x.ptr, weights: tensors.w_enc, nk: false, nRows, k, n };
  eachProduct(wasm, product, (row, sums) => {
    const p = new Float32Array(wasm.memory.buffer, sums, nLatents);
    const [bias, m] = [tensors.b_enc.f32, tensors.m.f32];
    for (let g = 0; g < nGroups; g++) {
      let largest = -Infinity;
      for (let f = g * group; f < Math.min((g + 1) * group, nLatents); f++) {
        const value = p[f]! + bias[f]!;
        if (value > largest) largest = value;
      }
      m[row * nGroups + g] = largest;
    }
  });
}

export const saeGroupMax = cpuKernel(saeGroupMaxKernel, groupMax);
export const saeGroupMaxQuad = cpuKernel(saeGroupMaxQuadKernel, groupMax);
export const saeGroupMaxTiled = cpuKernel(saeGroupMaxTiledKernel, groupMax);

export const saeRescoreGroups = cpuKernel(saeRescoreGroupsKernel, ({ dims, tensors, wasm }) => {
  const [d, width, group] = [4 * dims.d4, 4 * dims.f4, 4 * dims.group4];
  const { n_tok: nTok, n_latents: nLatents, n_chosen: nChosen } = dims;
  const { x, w_enc: w } = tensors;
  withScratch(wasm, 4 * group, (at) => {
    const sums = new Float32Array(wasm.memory.buffer, at, group);
    const [bias, chosen, p] = [tensors.b_enc.f32, tensors.chosen.u32, tensors.p.f32];
    for (let place = 0; place < nTok * nChosen; place++) {
      const first = chosen[place]! * group;
      const row = x.ptr + 4 * d * Math.floor(place / nChosen);
      wasm.multiplyRow(row, w.ptr, dtypeOf(w), d, width, first, Math.min(group, width - first), at);
      for (let f = 0; f < group; f++)
        p[place * group + f] = first + f < nLatents ? sums[f]! + bias[first + f]! : -Infinity;
    }
  });
});
