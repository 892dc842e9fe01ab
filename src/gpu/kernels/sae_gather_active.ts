import source from '../../shaders/sae_gather_active.wgsl?raw';
import gate from '../../shaders/shared/sae_gate.wgsl?raw';
import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { rowGroups } from '../row-groups.ts';
import { shapeError } from '../shape-error.ts';
import type { Tensor } from '../tensor.ts';
import { SEGMENT } from './sae_count_active.ts';

export const saeGatherActiveKernel = defineKernel({
  name: 'sae_gather_active',
  source: `${gate}\n${source}`,
  dims: {
    n_tok: 'u32',
    width: 'u32',
    n_latents: 'u32',
    segment: 'u32',
    n_segments: 'u32',
    room: 'u32',
    first_row: 'u32',
  },
  tensors: { p: 'read', gates: 'read', counts: 'read', indices: 'write', values: 'write', totals: 'write' },
  overrides: { wg: 32 },
});

/** Places of padding an invocation writes, as the shader has it. */
const PLACES = 64;

export interface SaeGatherActiveArguments {
  /** [T, F padded] f32, s · W_enc without bias */
  p: Tensor;
  /** [F, 4] f32: bias, threshold, scale, magnitude bias */
  gates: Tensor;
  /** What `saeCountActive` gave for the same p, gates and segment. */
  counts: Tensor;
  segment?: number;
  /** `indices` [N, room] u32, `values` [N, room] f32, `totals` [N] u32: rows firstRow … firstRow + T − 1 are written. */
  into: { indices: Tensor; values: Tensor; totals: Tensor };
  firstRow: number;
}

/**
 * Writes the active latents of every token in ascending order, as far as there is room, the rest padding (index
 * 0xffffffff, value 0), and how many are active: more than `room` means that some were left out.
 * @throws FacetError `bug` when the shapes do not fit
 */
export function saeGatherActive(
  batch: Batch,
  { p, gates, counts, segment = SEGMENT, into, firstRow }: SaeGatherActiveArguments,
): void {
  const [nTok = 0, width = 0] = p.shape;
  const [nLatents = 0] = gates.shape;
  const [rows = 0, room = 0] = into.indices.shape;
  const nSegments = Math.ceil(nLatents / segment);
  const fits = counts.shape.join() === [nTok, nSegments].join() && into.totals.shape[0] === rows;
  if (!fits || into.values.shape.join() !== into.indices.shape.join() || firstRow + nTok > rows) {
    throw shapeError('sae_gather_active', `rows from ${firstRow} do not fit`, { p, gates, counts, ...into });
  }
  batch.run(saeGatherActiveKernel, {
    dims: {
      n_tok: nTok,
      width,
      n_latents: nLatents,
      segment,
      n_segments: nSegments,
      room,
      first_row: firstRow,
    },
    tensors: { p, gates, counts, ...into },
    groups: [Math.ceil((nSegments + Math.ceil(room / PLACES)) / 32), ...rowGroups(nTok)],
    cost: { flops: 4 * nTok * nLatents, bytes: p.byteLength + gates.byteLength + 8 * nTok * room },
  });
}
