import source from '../../shaders/sae_statistics.wgsl?raw';
import bin from '../../shaders/shared/scan_bin.wgsl?raw';
import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { rowGroups } from '../row-groups.ts';
import { shapeError } from '../shape-error.ts';
import type { Tensor } from '../tensor.ts';

export const saeStatisticsKernel = defineKernel({
  name: 'sae_statistics',
  source: `${bin}\n${source}`,
  dims: { n_tok: 'u32', k: 'u32', n_latents: 'u32', bins: 'u32' },
  tensors: { indices: 'read', values: 'read', places: 'read', edges: 'read', totals: 'write' },
  overrides: { wg: 32 },
});

/** Words of a latent before those of its bins: count, maximum as bits, low and high word of the sum. */
export const STATISTICS_WORDS = 4;

export interface SaeStatisticsArguments {
  /** `indices` [T, k] u32 and `values` [T, k] f32 */
  codes: { indices: Tensor; values: Tensor };
  /** [T, 4] u32: item, token, hash, and flags: 1 for tokens that are counted */
  places: Tensor;
  /** [bins + 1] f32, ascending */
  edges: Tensor;
  /** [F, 4 + bins] u32, added to */
  totals: Tensor;
}

/**
 * Counts, maxima, sums and histograms of every latent's values above 0; see the shader for how sums are kept.
 * @throws FacetError `bug` when the shapes do not fit
 */
export function saeStatistics(batch: Batch, { codes, places, edges, totals }: SaeStatisticsArguments): void {
  const [nTok = 0, k = 0] = codes.indices.shape;
  const [nLatents = 0, width = 0] = totals.shape;
  const bins = width - STATISTICS_WORDS;
  const fits = codes.values.shape.join() === codes.indices.shape.join() && edges.shape[0] === bins + 1;
  if (!fits || bins < 1 || places.shape.join() !== `${nTok},4`)
    throw shapeError('sae_statistics', 'shapes do not fit', { ...codes, places, edges, totals });
  batch.run(saeStatisticsKernel, {
    dims: { n_tok: nTok, k, n_latents: nLatents, bins },
    tensors: { ...codes, places, edges, totals },
    groups: [Math.ceil(k / 32), ...rowGroups(nTok)],
    cost: { flops: 8 * nTok * k, bytes: 8 * nTok * k + 20 * nTok * k },
  });
}
