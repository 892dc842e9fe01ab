import type { KernelActivation } from '../kernels/activation-names.ts';
import { activationReference } from './activation.ts';

/** Plain f64 activation(gate) · up; see `kernels/gated_activation.ts`. */
export function gatedActivationReference(
  gate: ArrayLike<number>,
  up: ArrayLike<number>,
  activation: KernelActivation,
): Float64Array {
  return Float64Array.from(gate, (value, i) => activationReference(value, activation) * up[i]!);
}
