import source from '../../shaders/sae_count_active.wgsl?raw';
import gate from '../../shaders/shared/sae_gate.wgsl?raw';
import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { rowGroups } from '../row-groups.ts';
import { shapeError } from '../shape-error.ts';
import type { Tensor } from '../tensor.ts';

export const saeCountActiveKernel = defineKernel({
  name: 'sae_count_active',
  source: `${gate}\n${source}`,
  dims: { n_tok: 'u32', width: 'u32', n_latents: 'u32', segment: 'u32', n_segments: 'u32' },
  tensors: { p: 'read', gates: 'read', counts: 'write' },
  overrides: { wg: 32 },
});

/** Latents an invocation looks at: many enough that few counts are to be added up, few enough to keep a GPU busy. */
export const SEGMENT = 256;

/**
 * How many latents of each segment are active: p + bias > threshold and p · scale + magnitude bias > 0.
 * @param p       [T, F padded] f32, s · W_enc without bias
 * @param gates   [F, 4] f32: bias, threshold, scale, magnitude bias
 * @param segment latents counted together
 * @returns scratch [T, ⌈F / segment⌉] u32
 * @throws FacetError `bug` when the shapes do not fit
 */
export function saeCountActive(
  batch: Batch,
  { p, gates, segment = SEGMENT }: { p: Tensor; gates: Tensor; segment?: number },
): Tensor {
  const [nTok = 0, width = 0] = p.shape;
  const [nLatents = 0, parts = 0] = gates.shape;
  if (p.shape.length !== 2 || parts !== 4 || nLatents < 1 || width < nLatents) {
    throw shapeError('sae_count_active', 'shapes do not fit', { p, gates });
  }
  const nSegments = Math.ceil(nLatents / segment);
  const counts = batch.scratch([nTok, nSegments], 'u32');
  batch.run(saeCountActiveKernel, {
    dims: { n_tok: nTok, width, n_latents: nLatents, segment, n_segments: nSegments },
    tensors: { p, gates, counts },
    groups: [Math.ceil(nSegments / 32), ...rowGroups(nTok)],
    cost: { flops: 4 * nTok * nLatents, bytes: p.byteLength + gates.byteLength + counts.byteLength },
  });
  return counts;
}
