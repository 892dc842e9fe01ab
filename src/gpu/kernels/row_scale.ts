import source from '../../shaders/row_scale.wgsl?raw';
import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { shapeError } from '../shape-error.ts';
import type { Tensor } from '../tensor.ts';

export const rowScaleKernel = defineKernel({
  name: 'row_scale',
  source,
  dims: { n_rows: 'u32', d4: 'u32', centre: 'u32', kind: 'u32' },
  tensors: { x: 'read', scales: 'write' },
  overrides: { wg: 16 },
});

/** Numbers the shader knows normalisations by. */
export const ROW_SCALES = { none: 0, layer_norm: 1, constant_norm_rescale: 2 } as const;

export type RowScaleKind = keyof typeof ROW_SCALES;

/**
 * Shift and scales of each row: `layer_norm` takes the mean off and divides by the deviation (n − 1) + 1e-5,
 * `constant_norm_rescale` brings the norm to √d, `centre` takes the mean off before either.
 * @param x [T, d] f32, d % 4 = 0, entries below 1e18 in size
 * @returns scratch [T, 4]: shift, factor in, factor back, 0; see `rescaleRows`
 * @throws FacetError `bug` when the shapes do not fit
 * @source SAELens `SAE._setup_activation_normalization`
 */
export function rowScale(
  batch: Batch,
  { x, kind, centre = false }: { x: Tensor; kind: RowScaleKind; centre?: boolean },
): Tensor {
  const [nRows = 0, d = 0] = x.shape;
  if (x.shape.length !== 2 || d % 4 !== 0) throw shapeError('row_scale', 'd must be a multiple of 4', { x });
  const scales = batch.scratch([nRows, 4]);
  batch.run(rowScaleKernel, {
    dims: { n_rows: nRows, d4: d / 4, centre: centre ? 1 : 0, kind: ROW_SCALES[kind] },
    tensors: { x, scales },
    groups: [Math.ceil(nRows / 16)],
    cost: { flops: 4 * nRows * d, bytes: 2 * x.byteLength + scales.byteLength },
  });
  return scales;
}
