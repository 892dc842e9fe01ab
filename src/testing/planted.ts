import { TestRandom } from './random.ts';

/** Unit vectors in tight bundles, bundle by bundle. */
export function planted(
  bundles: number,
  each: number,
  dimensions: number,
  seed: number,
): { data: Float32Array<ArrayBuffer>; dimensions: number; bundle: number[] } {
  const random = new TestRandom(seed);
  const data = new Float32Array(bundles * each * dimensions);
  const bundle: number[] = [];
  for (let b = 0; b < bundles; b++) {
    const middle = random.normal(dimensions);
    for (let i = 0; i < each; i++) {
      const row = random.normal(dimensions, 0.25).map((value, c) => value + middle[c]!);
      const length = Math.hypot(...row);
      data.set(
        row.map((value) => value / length),
        bundle.length * dimensions,
      );
      bundle.push(b);
    }
  }
  return { data, dimensions, bundle };
}

/** Plain search for the nearest by cosine, without the point itself. */
export function nearest(
  data: Float32Array,
  d: number,
  k: number,
): { indices: Uint32Array<ArrayBuffer>; cosines: Float32Array<ArrayBuffer> } {
  const n = data.length / d;
  const indices = new Uint32Array(n * k);
  const cosines = new Float32Array(n * k);
  for (let point = 0; point < n; point++) {
    const own = data.subarray(point * d, (point + 1) * d);
    const all = Array.from({ length: n }, (_, other) =>
      own.reduce((sum, value, c) => sum + value * data[other * d + c]!, 0),
    );
    const best = [...all.keys()]
      .filter((other) => other !== point)
      .sort((a, b) => all[b]! - all[a]! || a - b);
    for (let j = 0; j < k; j++) {
      indices[point * k + j] = best[j]!;
      cosines[point * k + j] = all[best[j]!]!;
    }
  }
  return { indices, cosines };
}

/**
 * How far the nearest on a map can be trusted: 1 − 2 / (n k (2n − 3k − 1)) Σ_i Σ_{j ∈ U_k(i)} (r(i, j) − k).
 * @source Venna & Kaski 2001; scikit-learn `manifold.trustworthiness`
 */
export function trustworthiness(data: Float32Array, d: number, positions: Float32Array, k: number): number {
  const n = positions.length / 2;
  const full = nearest(data, d, n - 1).indices;
  let sum = 0;
  for (let point = 0; point < n; point++) {
    const ranks = new Map(
      Array.from(full.subarray(point * (n - 1), (point + 1) * (n - 1)), (other, rank) => [other, rank + 1]),
    );
    const away = (other: number): number =>
      (positions[2 * other]! - positions[2 * point]!) ** 2 +
      (positions[2 * other + 1]! - positions[2 * point + 1]!) ** 2;
    const near = [...ranks.keys()].sort((a, b) => away(a) - away(b)).slice(0, k);
    for (const other of near) sum += Math.max(0, ranks.get(other)! - k);
  }
  return 1 - (2 / (n * k * (2 * n - 3 * k - 1))) * sum;
}
