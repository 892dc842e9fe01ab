import source from '../../shaders/gated_activation.wgsl?raw';
import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { rowGroups } from '../row-groups.ts';
import { shapeError } from '../shape-error.ts';
import { elementsOf, type Tensor } from '../tensor.ts';
import { ACTIVATION_NUMBERS, type KernelActivation, withActivations } from './activation-names.ts';
import type { HeadView } from './attention.ts';

export const gatedActivationKernel = defineKernel({
  name: 'gated_activation',
  source: withActivations(source),
  dims: {
    n_rows: 'u32',
    d4: 'u32',
    kind: 'u32',
    gate_stride4: 'u32',
    gate_start4: 'u32',
    up_stride4: 'u32',
    up_start4: 'u32',
  },
  tensors: { gate: 'read', up: 'read', y: 'write' },
  overrides: { wg: 64 },
});

/**
 * activation(gate) · up, elementwise, over `width` columns from where each view starts.
 * @param gate,up T rows each; row strides, offsets and width are multiples of 4
 * @returns scratch [T, width]
 * @throws FacetError `bug` when the shapes do not fit
 * @source Shazeer 2020, arXiv:2002.05202
 */
export function gatedActivation(
  batch: Batch,
  {
    gate,
    up,
    width,
    activation,
  }: Record<'gate' | 'up', HeadView> & { width: number; activation: KernelActivation },
): Tensor {
  const nRows = elementsOf(gate.tensor.shape) / gate.rowStride;
  const fits = ({ tensor, rowStride, offset }: HeadView): boolean =>
    rowStride % 4 === 0 &&
    offset % 4 === 0 &&
    offset + width <= rowStride &&
    elementsOf(tensor.shape) === nRows * rowStride;
  if (width % 4 !== 0 || !fits(gate) || !fits(up)) {
    throw shapeError('gated_activation', `cannot take ${width} columns`, {
      gate: gate.tensor,
      up: up.tensor,
    });
  }
  const y = batch.scratch([nRows, width]);
  batch.run(gatedActivationKernel, {
    dims: {
      n_rows: nRows,
      d4: width / 4,
      kind: ACTIVATION_NUMBERS[activation],
      gate_stride4: gate.rowStride / 4,
      gate_start4: gate.offset / 4,
      up_stride4: up.rowStride / 4,
      up_start4: up.offset / 4,
    },
    tensors: { gate: gate.tensor, up: up.tensor, y },
    groups: [Math.ceil(width / 256), ...rowGroups(nRows)],
    cost: { flops: 11 * nRows * width, bytes: 12 * nRows * width },
  });
  return y;
}
