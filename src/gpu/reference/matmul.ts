import type { KernelActivation } from '../kernels/activation-names.ts';
import { activationReference } from './activation.ts';

/** Plain f64 matmul with everything `kernels/matmul.ts` fuses. `weights` is [K, N] for kn and [N, K] for nk. */
export function matmulReference(
  x: ArrayLike<number>,
  weights: ArrayLike<number>,
  shape: { rows: number; k: number; n: number; layout: 'kn' | 'nk' },
  fused: {
    bias?: ArrayLike<number>;
    activation?: KernelActivation;
    cap?: number;
    residual?: ArrayLike<number>;
  } = {},
): Float64Array {
  const { rows, k, n, layout } = shape;
  const y = new Float64Array(rows * n);
  for (let row = 0; row < rows; row++) {
    for (let col = 0; col < n; col++) {
      let sum = fused.bias?.[col] ?? 0;
      for (let i = 0; i < k; i++)
        sum += x[row * k + i]! * weights[layout === 'kn' ? i * n + col : col * k + i]!;
      const active = activationReference(sum, fused.activation ?? 'none');
      const capped = fused.cap ? fused.cap * Math.tanh(active / fused.cap) : active;
      y[row * n + col] = capped + (fused.residual?.[row * n + col] ?? 0);
    }
  }
  return y;
}
