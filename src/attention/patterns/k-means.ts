import { allot, bestBlocks } from '../budget.ts';
import { PairMask, sinksAndDiagonal } from '../pair-mask.ts';
import type { AttentionPattern } from '../pattern.ts';

/** Rows of length 1; rows of zeros stay. */
function unitRows(rows: Float32Array, width: number): Float64Array {
  const unit = Float64Array.from(rows);
  for (let at = 0; at < unit.length; at += width) {
    let square = 0;
    for (let i = 0; i < width; i++) square += unit[at + i]! ** 2;
    const length = Math.sqrt(square) || 1;
    for (let i = 0; i < width; i++) unit[at + i]! /= length;
  }
  return unit;
}

/** Which centroid each row has the largest product with; ties go to the lowest. */
function assign(rows: Float64Array, centroids: Float64Array, width: number): Uint32Array {
  return Uint32Array.from({ length: rows.length / width }, (_, row) => {
    let [best, highest] = [0, -Infinity];
    for (let c = 0; c * width < centroids.length; c++) {
      let product = 0;
      for (let i = 0; i < width; i++) product += rows[row * width + i]! * centroids[c * width + i]!;
      if (product > highest) [best, highest] = [c, product];
    }
    return best;
  });
}

/**
 * Spherical k-means over queries and keys together. Centroids begin as keys evenly spaced over the text.
 * @returns the cluster of each query and of each key
 */
function cluster(
  queries: Float64Array,
  keys: Float64Array,
  { width, clusters, steps }: { width: number; clusters: number; steps: number },
): { ofQuery: Uint32Array; ofKey: Uint32Array } {
  const nKeys = keys.length / width;
  let centroids = new Float64Array(clusters * width);
  for (let c = 0; c < clusters; c++) {
    const s = Math.floor(((c + 0.5) * nKeys) / clusters);
    centroids.set(keys.subarray(s * width, (s + 1) * width), c * width);
  }
  for (let step = 0; step < steps; step++) {
    const sums = new Float64Array(clusters * width);
    for (const rows of [queries, keys]) {
      assign(rows, centroids, width).forEach((c, row) => {
        for (let i = 0; i < width; i++) sums[c * width + i]! += rows[row * width + i]!;
      });
    }
    // A cluster nobody chose stays where it is.
    for (let c = 0; c < clusters; c++) {
      const sum = sums.subarray(c * width, (c + 1) * width);
      if (sum.every((value) => value === 0)) sum.set(centroids.subarray(c * width, (c + 1) * width));
    }
    centroids = unitRows(Float32Array.from(sums), width) as Float64Array<ArrayBuffer>;
  }
  return { ofQuery: assign(queries, centroids, width), ofKey: assign(keys, centroids, width) };
}

/** Queries read the keys of their own cluster. */
export const kMeans: AttentionPattern = {
  id: 'k-means',
  title: 'k-means routing',
  description:
    'Queries and keys, each scaled to length 1, are clustered together; a token reads the earlier tokens whose keys are in its query’s cluster, besides the first block and the own one. Under a budget only in the blocks with the most such pairs.',
  source: 'Routing Transformer: Roy et al. 2021, arXiv:2003.05997 (there centroids are learned)',
  looksAt: 'queries-and-keys',
  sizedBy: 'clusters',
  parameters: [
    { id: 'clusters', title: 'Clusters', about: 'How many; 0 is √(tokens).', integer: true, least: 0, most: 1_024, usual: 0 },
    { id: 'steps', title: 'Steps', about: 'Rounds of k-means on the text.', integer: true, least: 0, most: 50, usual: 5 },
  ], // prettier-ignore
  build(input, { clusters = 0, steps = 0 }, budget) {
    const { nQueries, nKeys, blockSize } = input;
    const { q, k, dHead: width } = input.heads!;
    const wanted = Math.min(nKeys, clusters || Math.max(1, Math.round(Math.sqrt(nKeys))));
    const { ofQuery, ofKey } = cluster(unitRows(q, width), unitRows(k, width), {
      width,
      clusters: wanted,
      steps,
    });
    const members = Array.from({ length: wanted }, (): number[] => []);
    ofKey.forEach((c, s) => members[c]!.push(s));
    const same = new PairMask(input);
    for (let row = 0; row < nQueries; row++) for (const s of members[ofQuery[row]!]!) same.add(row, s);
    const counts = budget === undefined ? undefined : allot(input, budget);
    const mask = sinksAndDiagonal(input);
    const pairs = new Float64Array(mask.keyBlocks);
    for (let queryBlock = 0; queryBlock < mask.queryBlocks; queryBlock++) {
      const rows = mask.rowsOf(queryBlock);
      pairs.fill(0);
      for (const row of rows) for (const s of same.keys(row)) pairs[Math.floor(s / blockSize)]! += 1;
      const best = bestBlocks(mask, queryBlock, counts?.[queryBlock] ?? Infinity, (block) => pairs[block]!);
      const visited = new Set(best);
      for (const row of rows)
        for (const s of same.keys(row)) if (visited.has(Math.floor(s / blockSize))) mask.add(row, s);
    }
    return mask;
  },
};
