import { saeCountActiveKernel } from '../../kernels/sae_count_active.ts';
import { saeDecodeSparseKernel } from '../../kernels/sae_decode_sparse.ts';
import { saeGatherActiveKernel } from '../../kernels/sae_gather_active.ts';
import { saeGroupArgmaxKernel } from '../../kernels/sae_group_argmax.ts';
import { saeLatentValueKernel } from '../../kernels/sae_latent_value.ts';
import { cpuKernel } from '../kernel.ts';
import { weightReader } from '../view.ts';

const UNUSED = 0xffffffff;
const { fround } = Math;

/** A latent's activation where its product p passes its gate, 0 where it does not; in single precision, as shaders. */
function gated(p: number, gates: Float32Array, latent: number): number {
  const at = 4 * latent;
  if (!(fround(p + gates[at]!) > gates[at + 1]!)) return 0;
  const value = fround(fround(p * gates[at + 2]!) + gates[at + 3]!);
  return value > 0 ? value : 0;
}

export const saeCountActive = cpuKernel(saeCountActiveKernel, ({ dims, tensors }) => {
  const { n_tok: nTok, width, n_latents: nLatents, segment, n_segments: nSegments } = dims;
  const [p, gates, counts] = [tensors.p.f32, tensors.gates.f32, tensors.counts.u32];
  counts.fill(0, 0, nTok * nSegments);
  for (let t = 0; t < nTok; t++)
    for (let f = 0; f < nLatents; f++)
      if (gated(p[t * width + f]!, gates, f) > 0) counts[t * nSegments + Math.floor(f / segment)]! += 1;
});

export const saeGatherActive = cpuKernel(saeGatherActiveKernel, ({ dims, tensors }) => {
  const { n_tok: nTok, width, n_latents: nLatents, room, first_row: firstRow } = dims;
  const [p, gates] = [tensors.p.f32, tensors.gates.f32];
  const [indices, values, totals] = [tensors.indices.u32, tensors.values.f32, tensors.totals.u32];
  for (let t = 0; t < nTok; t++) {
    const start = (firstRow + t) * room;
    let count = 0;
    for (let f = 0; f < nLatents; f++) {
      const value = gated(p[t * width + f]!, gates, f);
      if (value === 0) continue;
      if (count < room) {
        indices[start + count] = f;
        values[start + count] = value;
      }
      count += 1;
    }
    totals[firstRow + t] = count;
    indices.fill(UNUSED, start + Math.min(count, room), start + room);
    values.fill(0, start + Math.min(count, room), start + room);
  }
});

export const saeGroupArgmax = cpuKernel(saeGroupArgmaxKernel, ({ dims, tensors }) => {
  const { n_tok: nTok, width, group, k, first_row: firstRow } = dims;
  const [p, bias] = [tensors.p.f32, tensors.b_enc.f32];
  const [indices, values] = [tensors.indices.u32, tensors.values.f32];
  for (let t = 0; t < nTok; t++)
    for (let g = 0; g < k; g++) {
      let [best, at] = [-Infinity, 0];
      for (let f = g * group; f < (g + 1) * group; f++) {
        const value = fround(p[t * width + f]! + bias[f]!);
        if (value > best) [best, at] = [value, f];
      }
      const place = (firstRow + t) * k + g;
      indices[place] = best > 0 ? at : UNUSED;
      values[place] = best > 0 ? best : 0;
    }
});

export const saeLatentValue = cpuKernel(saeLatentValueKernel, ({ dims, tensors }) => {
  const [indices, values, value] = [tensors.indices.u32, tensors.values.f32, tensors.value.f32];
  for (let t = 0; t < dims.n_tok; t++) {
    const place = indices.subarray(t * dims.k, (t + 1) * dims.k).indexOf(dims.latent);
    value[t] = place < 0 ? 0 : values[t * dims.k + place]!;
  }
});

export const saeDecodeSparse = cpuKernel(saeDecodeSparseKernel, ({ dims, tensors }) => {
  const { n_tok: nTok, k, n_latents: nLatents, first } = dims;
  const d = 4 * dims.d4;
  const [indices, values] = [tensors.indices.u32, tensors.values.f32];
  const [bias, xHat] = [tensors.b_dec.f32, tensors.x_hat.f32];
  const rows = weightReader(tensors.w_dec, d);
  const sums = new Float64Array(d);
  for (let t = 0; t < nTok; t++) {
    sums.set(first > 0 ? xHat.subarray(t * d, (t + 1) * d) : bias);
    for (let i = t * k; i < (t + 1) * k; i++) {
      const latent = indices[i]! - first;
      if (latent < 0 || latent >= nLatents) continue;
      const value = values[i]!;
      const w = rows(latent * d, d);
      for (let c = 0; c < d; c++) sums[c]! += value * w[c]!;
    }
    xHat.set(sums, t * d);
  }
});
