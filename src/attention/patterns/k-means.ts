import { blocksOf } from '../budget.ts';
import { everything, sinksAndDiagonal } from '../pair-mask.ts';
import type { AttentionPattern } from '../pattern.ts';

/** Rows of length 1; rows of zeros stay. */
function unitRows(rows: ArrayLike<number>, width: number): Float64Array<ArrayBuffer> {
  const unit = Float64Array.from(rows);
  for (let at = 0; at < unit.length; at += width) {
    let square = 0;
    for (let i = 0; i < width; i++) square += unit[at + i]! ** 2;
    const length = Math.sqrt(square) || 1;
    for (let i = 0; i < width; i++) unit[at + i]! /= length;
  }
  return unit;
}

/** [rows] Products of rows with one centroid. */
function products(rows: Float64Array, centroid: Float64Array): Float64Array {
  const width = centroid.length;
  return Float64Array.from({ length: rows.length / width }, (_, row) => {
    let product = 0;
    for (let i = 0; i < width; i++) product += rows[row * width + i]! * centroid[i]!;
    return product;
  });
}

/** Which centroid each row has the largest product with; ties go to the lowest. */
function assign(rows: Float64Array, centroids: readonly Float64Array[]): number[] {
  const all = centroids.map((centroid) => products(rows, centroid));
  return Array.from(all[0]!, (_, row) =>
    all.reduce((best, each, c) => (each[row]! > all[best]![row]! ? c : best), 0),
  );
}

/** Rows by falling product with a centroid; ties go to the earliest. */
function ranked(rows: Float64Array, centroid: Float64Array): Uint32Array {
  const found = products(rows, centroid);
  return Uint32Array.from(found.keys()).sort((a, b) => found[b]! - found[a]! || a - b);
}

/** Spherical k-means over queries and keys together. Centroids begin as keys evenly spaced over the text. */
function cluster(
  queries: Float64Array,
  keys: Float64Array,
  { width, clusters, steps }: { width: number; clusters: number; steps: number },
): Float64Array[] {
  const nKeys = keys.length / width;
  let centroids = Array.from({ length: clusters }, (_, c) => {
    const s = Math.floor(((c + 0.5) * nKeys) / clusters);
    return keys.slice(s * width, (s + 1) * width);
  });
  for (let step = 0; step < steps; step++) {
    const sums = centroids.map(() => new Float32Array(width));
    for (const rows of [queries, keys]) {
      assign(rows, centroids).forEach((c, row) => {
        for (let i = 0; i < width; i++) sums[c]![i]! += rows[row * width + i]!;
      });
    }
    // A cluster nobody chose stays where it is.
    centroids = sums.map((sum, c) =>
      sum.every((value) => value === 0) ? centroids[c]! : unitRows(sum, width),
    );
  }
  return centroids;
}

/** Pairs that come in when a cluster grows to `size` queries and `size` keys. */
function* ring(queries: Uint32Array, keys: Uint32Array, size: number): Generator<[number, number]> {
  const [query, key] = [queries[size - 1], keys[size - 1]];
  if (query !== undefined) for (const s of keys.subarray(0, size)) yield [query, s];
  if (key !== undefined) for (const row of queries.subarray(0, size - 1)) yield [row, key];
}

/** Queries read the keys of the clusters they are in. */
export const kMeans: AttentionPattern = {
  id: 'k-means',
  title: 'k-means routing',
  description:
    'Queries and keys, each scaled to length 1, are clustered together. Each cluster takes the same number of queries and of keys, those nearest to its centre, so a token may be in several or in none; a token reads the earlier tokens of its clusters, besides the first block and the own one. A budget sets how many a cluster takes; the last to come in are let in cluster by cluster as long as it lasts.',
  source: 'Routing Transformer: Roy et al. 2021, arXiv:2003.05997 (there centroids are learned)',
  looksAt: 'queries-and-keys',
  sizedBy: 'members',
  parameters: [
    { id: 'clusters', title: 'Clusters', about: 'How many; 0 is √(tokens).', integer: true, least: 0, most: 1_024, usual: 0 },
    { id: 'members', title: 'Members', about: 'Queries, and keys, that a cluster takes; 0 is tokens / clusters.', integer: true, least: 0, most: 65_536, usual: 0 },
    { id: 'steps', title: 'Steps', about: 'Rounds of k-means on the text.', integer: true, least: 0, most: 50, usual: 5 },
  ], // oxfmt-ignore
  build(input, { clusters = 0, members = 0, steps = 0 }, budget) {
    if (budget !== undefined && budget >= 1) return everything(input);
    const { nQueries, nKeys, blockSize } = input;
    const { q, k, dHead: width } = input.heads!;
    const count = Math.min(nKeys, clusters || Math.max(1, Math.round(Math.sqrt(nKeys))));
    const [queries, keys] = [unitRows(q, width), unitRows(k, width)];
    const ranks = cluster(queries, keys, { width, clusters: count, steps }).map(
      (centroid) => [ranked(queries, centroid), ranked(keys, centroid)] as const,
    );
    const size = budget === undefined ? members || Math.max(1, Math.round(nKeys / count)) : Infinity;
    let left = budget === undefined ? Infinity : blocksOf(input, budget);
    const mask = sinksAndDiagonal(input);
    const visited = new Uint8Array(mask.queryBlocks * mask.keyBlocks);
    for (let queryBlock = 0; queryBlock < mask.queryBlocks; queryBlock++) {
      for (const block of mask.blocksOf(queryBlock)) visited[queryBlock * mask.keyBlocks + block] = 1;
      left -= mask.blocksOf(queryBlock).length;
    }
    for (let grown = 1; grown <= Math.min(size, Math.max(nQueries, nKeys)); grown++) {
      for (const [ofQueries, ofKeys] of ranks) {
        for (const [row, s] of ring(ofQueries, ofKeys, grown)) {
          const [least, end] = mask.reach(row);
          if (s < least || s >= end) continue;
          const at = Math.floor(row / blockSize) * mask.keyBlocks + Math.floor(s / blockSize);
          if (!visited[at]) {
            if (left <= 0) return mask;
            visited[at] = 1;
            left -= 1;
          }
          mask.add(row, s);
        }
      }
    }
    return mask;
  },
};
