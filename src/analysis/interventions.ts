import type { Batch } from '../gpu/batch.ts';
import type { Tensor } from '../gpu/tensor.ts';
import type { Edit } from '../model/run-plan.ts';

/** Puts `replacement` in place of an activation for rows `fromRow` and up; earlier rows stay as they are. */
export function replaceRows(
  replacement: (batch: Batch, activation: Tensor) => Tensor,
  fromRow: number,
): Edit {
  return (batch, activation) => {
    const [rows = 0, width = 0] = activation.shape;
    const replaced = replacement(batch, activation);
    const keep = Math.min(fromRow, rows) * width * 4;
    if (keep > 0) batch.copy(activation, replaced, { size: keep });
    return replaced;
  };
}

/** An activation of zeros. */
export function zeros(batch: Batch, activation: Tensor): Tensor {
  const size = activation.shape.reduce((product, axis) => product * axis, 1);
  return batch.input(new Float32Array(size), activation.shape);
}
