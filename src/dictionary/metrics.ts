/** Sums over one token that `gpu/kernels/reconstruction_error.ts` gives. */
export interface ErrorSums {
  /** ‖x − x̂‖² */
  residual: number;
  /** ‖x − mean x‖² */
  variance: number;
  /** ‖x‖² */
  power: number;
  /** ‖x̂‖² */
  reconstructed: number;
}

/** The four columns of token t of a [T, 4] array. */
export function errorSums(sums: ArrayLike<number>, t: number): ErrorSums {
  const [residual = NaN, variance = NaN, power = NaN, reconstructed = NaN] = [0, 1, 2, 3].map(
    (i) => sums[4 * t + i]!,
  );
  return { residual, variance, power, reconstructed };
}

/** Mean over tokens, NaN for none. */
export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}

/** L0 = mean number of active features per token. @param counts [T] */
export function l0(counts: ArrayLike<number>): number {
  return mean(counts);
}

/** Fraction of variance unexplained: FVU = Σ‖x − x̂‖² / Σ‖x − mean x‖², sums over tokens. NaN without variance. */
export function fractionVarianceUnexplained(tokens: readonly ErrorSums[]): number {
  const residual = tokens.reduce((sum, token) => sum + token.residual, 0);
  const variance = tokens.reduce((sum, token) => sum + token.variance, 0);
  return variance > 0 ? residual / variance : NaN;
}

/** Explained variance: 1 − FVU. Negative when the mean would reconstruct better. */
export function explainedVariance(tokens: readonly ErrorSums[]): number {
  return 1 - fractionVarianceUnexplained(tokens);
}

/** Error share: mean over tokens of ‖x − x̂‖² / ‖x‖²; a zero activation counts as 0. */
export function errorShare(tokens: readonly ErrorSums[]): number {
  return mean(tokens.map(({ residual, power }) => (power > 0 ? residual / power : 0)));
}

/** Relative norm: mean over tokens of ‖x̂‖ / ‖x‖; below 1 is shrinkage. A zero activation counts as 1. */
export function relativeNorm(tokens: readonly ErrorSums[]): number {
  return mean(tokens.map(({ reconstructed, power }) => (power > 0 ? Math.sqrt(reconstructed / power) : 1)));
}

/** Nats of loss below which a share of it would be a share of rounding. */
const LEAST_HARM = 1e-3;

/**
 * Cross-entropy loss recovered: (CE_zero − CE_spliced) / (CE_zero − CE_clean). 1 = as good as the true activation, 0 =
 * as bad as none, above 1 = better than the true one. NaN when removing the activation does no harm.
 */
export function ceRecovered(losses: { clean: number; spliced: number; zero: number }): number {
  const { clean, spliced, zero } = losses;
  return zero - clean > LEAST_HARM ? (zero - spliced) / (zero - clean) : NaN;
}

/** Mean KL(clean ‖ spliced) over tokens, nats; rounding below zero counts as 0. @param kl [T] */
export function meanKl(kl: ArrayLike<number>): number {
  return mean(Float64Array.from(kl, (value) => Math.max(0, value)));
}
