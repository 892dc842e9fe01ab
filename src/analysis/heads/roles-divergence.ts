/** A sparse distribution: ascending keys, positive shares that add up to 1; empty when there was nothing to count. */
export interface Distribution {
  keys: Uint32Array;
  shares: Float64Array;
}

/** Shares of non-negative masses. @param masses by key; zeros are left out */
export function normalized(masses: Iterable<readonly [key: number, mass: number]>): Distribution {
  const kept = [...masses].filter(([, mass]) => mass > 0).sort(([a], [b]) => a - b);
  const total = kept.reduce((sum, [, mass]) => sum + mass, 0);
  return {
    keys: Uint32Array.from(kept, ([key]) => key),
    shares: Float64Array.from(kept, ([, mass]) => mass / total),
  };
}

/**
 * Jensen–Shannon similarity, 1 − JSD(p, q) / ln 2: 1 for equal distributions, 0 for those that share no key (an empty one
 * shares none). Written so that only keys of both count: ½ Σ p ln((p+q)/p) + q ln((p+q)/q), over ln 2.
 * @source Lin 1991, Divergence measures based on the Shannon entropy
 */
export function similarity(p: Distribution, q: Distribution): number {
  let sum = 0;
  for (let i = 0, j = 0; i < p.keys.length && j < q.keys.length;) {
    const difference = p.keys[i]! - q.keys[j]!;
    if (difference === 0) {
      const [a, b] = [p.shares[i]!, q.shares[j]!];
      sum += a * Math.log((a + b) / a) + b * Math.log((a + b) / b);
    }
    if (difference <= 0) i += 1;
    if (difference >= 0) j += 1;
  }
  return sum / (2 * Math.LN2);
}

/** exp(entropy) of weights, which need not add up to 1: n equal ones give n. 0 when there is no weight. */
export function effectiveNumber(weights: readonly number[]): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (!(total > 0)) return 0;
  const entropy = weights.reduce(
    (sum, weight) => (weight > 0 ? sum - (weight / total) * Math.log(weight / total) : sum),
    0,
  );
  return Math.exp(entropy);
}
