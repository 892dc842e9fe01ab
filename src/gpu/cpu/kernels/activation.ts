import { ACTIVATION_NUMBERS, type KernelActivation } from '../../kernels/activation-names.ts';
import { activationKernel } from '../../kernels/activation.ts';
import { cpuKernel } from '../kernel.ts';

// erf by Abramowitz and Stegun 7.1.26, |error| < 1.5e-7, as in shaders/shared/activation.wgsl.
function erf(x: number): number {
  const a = Math.abs(x);
  const t = 1 / (1 + 0.3275911 * a);
  const poly =
    t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return Math.sign(x) * (1 - poly * Math.exp(-a * a));
}

const FUNCTIONS: Record<KernelActivation, (x: number) => number> = {
  none: (x) => x,
  relu: (x) => (x > 0 ? x : 0),
  gelu: (x) => 0.5 * x * (1 + erf(x * Math.SQRT1_2)),
  gelu_new: (x) => 0.5 * x * (1 + Math.tanh(0.7978845608028654 * (x + 0.044715 * x * x * x))),
  silu: (x) => x / (1 + Math.exp(-x)),
};

const BY_NUMBER = Object.entries(ACTIVATION_NUMBERS).map(
  ([name, number]) => [number, FUNCTIONS[name as KernelActivation]] as const,
);

/** The function the shaders know by this number. */
export function activationOf(kind: number): (x: number) => number {
  return BY_NUMBER.find(([number]) => number === kind)?.[1] ?? FUNCTIONS.none;
}

export const activation = cpuKernel(activationKernel, ({ dims, tensors }) => {
  const [x, y] = [tensors.x.f32, tensors.y.f32];
  const of = activationOf(dims.kind);
  for (let i = 0; i < y.length; i++) y[i] = of(x[i]!);
});
