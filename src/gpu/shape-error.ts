import { FacetError } from '../shared/errors.ts';
import type { Tensor } from './tensor.ts';

/** A kernel was handed tensors that do not fit each other: thrown before any GPU work. */
export function shapeError(kernel: string, why: string, tensors: Record<string, Tensor>): FacetError {
  const shapes = Object.entries(tensors).map(
    ([name, { shape, dtype }]) => `${name} ${dtype}[${shape.join(', ')}]`,
  );
  return new FacetError('bug', `${kernel}: ${why} (${shapes.join(', ')})`);
}
