import source from '../../shaders/sae_candidates.wgsl?raw';
import bin from '../../shaders/shared/scan_bin.wgsl?raw';
import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { rowGroups } from '../row-groups.ts';
import { shapeError } from '../shape-error.ts';
import type { Tensor } from '../tensor.ts';

export const saeCandidatesKernel = defineKernel({
  name: 'sae_candidates',
  source: `${bin}\n${source}`,
  dims: { n_tok: 'u32', k: 'u32', n_latents: 'u32', bins: 'u32', room: 'u32', first_row: 'u32' },
  tensors: {
    indices: 'read',
    values: 'read',
    places: 'read',
    edges: 'read',
    least: 'read',
    most: 'read',
    found: 'write',
  },
  overrides: { wg: 32 },
});

export interface SaeCandidatesArguments {
  /** `indices` [T, k] u32 and `values` [T, k] f32 */
  codes: { indices: Tensor; values: Tensor };
  /** [T, 4] u32: item, token, hash, and flags: 1 for tokens that are counted, 2 for those that are wanted whole */
  places: Tensor;
  /** [bins + 1] f32, ascending */
  edges: Tensor;
  /** [F] f32: smaller values are no top values */
  least: Tensor;
  /** [F, bins] u32: larger hashes are not kept */
  most: Tensor;
  /** [1 + 3 · room] u32, appended to: how many were found, then latent, row and bits of the value of each */
  found: Tensor;
  /** Number of the first token. */
  firstRow: number;
}

/**
 * Appends what may be kept of the codes. A first word above the room means that some were left out.
 * @throws FacetError `bug` when the shapes do not fit
 */
export function saeCandidates(
  batch: Batch,
  { codes, places, edges, least, most, found, firstRow }: SaeCandidatesArguments,
): void {
  const [nTok = 0, k = 0] = codes.indices.shape;
  const [nLatents = 0, bins = 0] = most.shape;
  const room = Math.floor(((found.shape[0] ?? 0) - 1) / 3);
  const fits = codes.values.shape.join() === codes.indices.shape.join() && edges.shape[0] === bins + 1;
  if (!fits || room < 1 || least.shape[0] !== nLatents || places.shape.join() !== `${nTok},4`)
    throw shapeError('sae_candidates', 'shapes do not fit', { ...codes, places, edges, least, most, found });
  batch.run(saeCandidatesKernel, {
    dims: { n_tok: nTok, k, n_latents: nLatents, bins, room, first_row: firstRow },
    tensors: { ...codes, places, edges, least, most, found },
    groups: [Math.ceil(k / 32), ...rowGroups(nTok)],
    cost: { flops: 8 * nTok * k, bytes: 16 * nTok * k },
  });
}
