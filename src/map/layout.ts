import { principalPlane } from './principal.ts';
import { Descent, epochsFor, fuzzyGraph } from './umap.ts';

/** What a map is made of. n points. */
export interface LayoutRequest {
  /** [n · k] places of each point's nearest, most similar first, without itself; and the cosines. */
  k: number;
  indices: Uint32Array<ArrayBuffer>;
  cosines: Float32Array<ArrayBuffer>;
  /** [n · d] directions, for the beginning only. */
  dimensions: number;
  directions: Float32Array<ArrayBuffer>;
  seed: number;
}

export interface FeatureLayout {
  /** [n · 2] */
  positions: Float32Array<ArrayBuffer>;
  /** Of a point's k true neighbours, the share that are also among its k nearest on the map; mean over points, 0 … 1. */
  kept: number;
}

/** Points whose neighbours on the map are looked up for `kept`. */
const JUDGED = 1500;

/** Seeded numbers, uniform in [0, 1): mulberry32. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * A layout by UMAP, of cosine distance 1 − cos. The same request gives the same layout.
 * @param onEpoch told after each epoch of `epochs`; the positions are the ones being worked on
 */
export function layOut(
  { k, indices, cosines, dimensions, directions, seed }: LayoutRequest,
  onEpoch: (epoch: number, epochs: number, positions: Float32Array<ArrayBuffer>) => void,
): FeatureLayout {
  const random = seeded(seed);
  const positions = principalPlane(directions, dimensions, random);
  const n = positions.length / 2;
  if (k < 1 || n < 3) return { positions, kept: NaN };
  const graph = fuzzyGraph(
    indices,
    cosines.map((cosine) => Math.max(0, 1 - cosine)),
    k,
  );
  const descent = new Descent(graph, positions, epochsFor(n), random);
  let more = true;
  while (more) {
    more = descent.step();
    onEpoch(descent.epoch, descent.epochs, positions);
  }
  return { positions, kept: neighboursKept(positions, indices, k) };
}

/** See `FeatureLayout.kept`; over at most `JUDGED` points, evenly spread. */
export function neighboursKept(positions: Float32Array, indices: Uint32Array, k: number): number {
  const n = positions.length / 2;
  const step = Math.max(1, n / JUDGED);
  const distances = new Float64Array(n);
  let [sum, judged] = [0, 0];
  for (let at = 0; at < n; at += step) {
    const point = Math.floor(at);
    for (let other = 0; other < n; other++) {
      distances[other] =
        (positions[2 * other]! - positions[2 * point]!) ** 2 +
        (positions[2 * other + 1]! - positions[2 * point + 1]!) ** 2;
    }
    distances[point] = Infinity;
    const limit = distances.toSorted()[k - 1]!;
    const own = indices.subarray(point * k, (point + 1) * k);
    sum += own.reduce((count, other) => count + Number(distances[other]! <= limit), 0) / k;
    judged += 1;
  }
  return sum / judged;
}
