import type { Batch } from '../gpu/batch.ts';
import type { KernelActivation } from '../gpu/kernels/activation-names.ts';
import { matmul } from '../gpu/kernels/matmul.ts';
import { sliceColumns } from '../gpu/kernels/slice_columns.ts';
import type { Tensor } from '../gpu/tensor.ts';
import type { Weights } from './weights.ts';

/**
 * cap(activation(x · W + b)) + residual with one of the model's matrices, whatever its layout and number of parts; b is
 * there when the model has it, under the same name with `b_` for `W_`.
 * @param name e.g. `blocks.0.attn.W_O`
 * @param options.bias false leaves it out: for directions instead of activations
 * @param options.inPlace adds to `residual` itself
 * @returns scratch [T, N], or `residual`
 */
export function linear(
  batch: Batch,
  weights: Weights,
  name: string,
  {
    x,
    bias = true,
    inPlace = false,
    ...fused
  }: {
    x: Tensor;
    bias?: boolean;
    activation?: KernelActivation;
    cap?: number;
    residual?: Tensor;
    inPlace?: boolean;
  },
): Tensor {
  const { parts, layout } = weights.matrix(name);
  const common = {
    x,
    layout,
    ...fused,
    bias: bias ? weights.find(name.replace('.W_', '.b_')) : undefined,
  };
  const [whole] = parts;
  const given = inPlace ? fused.residual : undefined;
  if (parts.length === 1)
    return matmul(batch, { ...common, weights: whole!, into: given && { y: given, column: 0 } });
  const y = given ?? batch.scratch([x.shape[0]!, parts.reduce((sum, { shape }) => sum + shape[0]!, 0)]);
  let column = 0;
  for (const part of parts) {
    matmul(batch, { ...common, weights: part, into: { y, column } });
    column += part.shape[0]!;
  }
  return y;
}

/**
 * y · Wᵀ: what a direction at the output of one of the model's matrices is at its input, so that
 * `linear(x) · y = x · linearBack(y)` without the bias.
 * @param y [n, N]
 * @returns scratch [n, K]
 */
export function linearBack(batch: Batch, weights: Weights, name: string, y: Tensor): Tensor {
  const { parts, layout } = weights.matrix(name);
  const [whole, ...more] = parts;
  if (layout === 'kn') return matmul(batch, { x: y, weights: whole!, layout: 'nk' });
  if (more.length === 0) return matmul(batch, { x: y, weights: whole!, layout: 'kn' });
  let sum: Tensor | undefined;
  let row = 0;
  for (const part of parts) {
    const count = part.shape[0]!;
    const x = sliceColumns(batch, { x: y, from: row, count });
    const next: Tensor = matmul(batch, { x, weights: part, layout: 'kn', residual: sum });
    batch.release(x, sum);
    sum = next;
    row += count;
  }
  return sum!;
}
