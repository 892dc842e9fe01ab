import { saeCandidatesKernel } from '../../kernels/sae_candidates.ts';
import { saeStatisticsKernel, STATISTICS_WORDS } from '../../kernels/sae_statistics.ts';
import { type CpuCall, cpuKernel } from '../kernel.ts';

type Codes = Pick<
  CpuCall<'n_tok' | 'k' | 'n_latents' | 'bins', 'indices' | 'values' | 'places' | 'edges'>,
  'dims' | 'tensors'
>;

/** The bin a value is in, its lower edge included; what is outside all of them is in the first or last. */
function binOf(edges: Float32Array, bins: number, value: number): number {
  let [low, high] = [0, bins - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (value >= edges[middle]!) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Calls with every place of the codes that is used, of tokens that are counted. */
function eachUsed(
  { dims, tensors }: Codes,
  visit: (used: { latent: number; value: number; bin: number; t: number; place: number }) => void,
): void {
  const [indices, values] = [tensors.indices.u32, tensors.values.f32];
  const [places, edges] = [tensors.places.u32, tensors.edges.f32];
  for (let t = 0; t < dims.n_tok; t++) {
    if ((places[4 * t + 3]! & 1) === 0) continue;
    for (let place = t * dims.k; place < (t + 1) * dims.k; place++) {
      const [latent, value] = [indices[place]!, values[place]!];
      if (latent >= dims.n_latents || !(value > 0)) continue;
      visit({ latent, value, bin: binOf(edges, dims.bins, value), t, place });
    }
  }
}

export const saeStatistics = cpuKernel(saeStatisticsKernel, ({ dims, tensors }) => {
  const totals = tensors.totals.u32;
  const bits = tensors.values.u32;
  const width = STATISTICS_WORDS + dims.bins;
  eachUsed({ dims, tensors }, ({ latent, value, bin, place }) => {
    const at = latent * width;
    totals[at]! += 1;
    totals[at + 1] = Math.max(totals[at + 1]!, bits[place]!);
    // Whole numbers of 2⁻²⁶ in two words: at most 2⁵¹, which a double holds exactly.
    const sum = totals[at + 2]! + Math.floor(Math.min(value, 2 ** 25) * 2 ** 26);
    totals[at + 2] = sum % 2 ** 32;
    totals[at + 3]! += Math.floor(sum / 2 ** 32);
    totals[at + STATISTICS_WORDS + bin]! += 1;
  });
});

export const saeCandidates = cpuKernel(saeCandidatesKernel, ({ dims, tensors }) => {
  const [least, most, found] = [tensors.least.f32, tensors.most.u32, tensors.found.u32];
  const [places, bits] = [tensors.places.u32, tensors.values.u32];
  eachUsed({ dims, tensors }, ({ latent, value, bin, t, place }) => {
    const isTop = value >= least[latent]!;
    const isKept = places[4 * t + 2]! <= most[latent * dims.bins + bin]!;
    if (!isTop && !isKept && (places[4 * t + 3]! & 2) === 0) return;
    const slot = found[0]!;
    found[0] = slot + 1;
    if (slot < dims.room) found.set([latent, dims.first_row + t, bits[place]!], 1 + 3 * slot);
  });
});
