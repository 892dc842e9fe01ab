/** Two clusters that became one. Clusters are named by the smallest of their points. */
export interface Merge {
  a: number;
  b: number;
  /** Mean similarity between the points of one and those of the other. */
  similarity: number;
}

/**
 * Average linkage (UPGMA) by nearest-neighbour chains, O(n²).
 * @param similarities [n, n] symmetric; the diagonal is ignored
 * @returns n − 1 merges, most similar first
 * @source Murtagh 1983; Müllner 2011, "Modern hierarchical, agglomerative clustering algorithms", fig. 3
 */
export function averageLinkage(similarities: Float32Array, n: number): Merge[] {
  const s = Float64Array.from(similarities);
  const size = new Uint32Array(n).fill(1);
  const merges: Merge[] = [];
  const chain: number[] = [];
  let start = 0;
  while (merges.length < n - 1) {
    if (chain.length === 0) {
      while (size[start] === 0) start += 1;
      chain.push(start);
    }
    const top = chain.at(-1)!;
    // The one before is preferred among equals, so that the chain ends.
    let nearest = chain.at(-2) ?? -1;
    let best = nearest < 0 ? -Infinity : s[top * n + nearest]!;
    for (let other = 0; other < n; other++) {
      if (other === top || size[other] === 0 || !(s[top * n + other]! > best)) continue;
      best = s[top * n + other]!;
      nearest = other;
    }
    if (nearest !== chain.at(-2)) {
      chain.push(nearest);
      continue;
    }
    chain.length -= 2;
    const [a, b] = top < nearest ? [top, nearest] : [nearest, top];
    const [sizeA, sizeB] = [size[a]!, size[b]!];
    for (let other = 0; other < n; other++) {
      if (other === a || other === b || size[other] === 0) continue;
      const mean = (sizeA * s[a * n + other]! + sizeB * s[b * n + other]!) / (sizeA + sizeB);
      s[a * n + other] = mean;
      s[other * n + a] = mean;
    }
    size[a] = sizeA + sizeB;
    size[b] = 0;
    merges.push({ a, b, similarity: best });
  }
  return merges.sort((first, second) => second.similarity - first.similarity);
}

/** Clusters of n points after all merges above `threshold`. @returns [n] cluster of each point, numbered from 0 */
export function cut(merges: readonly Merge[], n: number, threshold: number): Uint32Array<ArrayBuffer> {
  const parent = Uint32Array.from({ length: n }, (_, point) => point);
  const root = (point: number): number => {
    let at = point;
    while (parent[at] !== at) at = parent[at]!;
    return at;
  };
  for (const { a, b, similarity } of merges) {
    if (similarity <= threshold) break;
    const [first, second] = [root(a), root(b)];
    parent[Math.max(first, second)] = Math.min(first, second);
  }
  const numbers = new Map<number, number>();
  return Uint32Array.from({ length: n }, (_, point) => {
    const at = root(point);
    if (!numbers.has(at)) numbers.set(at, numbers.size);
    return numbers.get(at)!;
  });
}

/**
 * Adjusted Rand index of two groupings of the same points: 1 when they are the same, 0 on average by chance. Several
 * sets of points, e.g. heads, can be judged together: only pairs inside a set count, in the observed and the expected.
 * @param sets of [a, b] pairs of group numbers, one a point
 * @returns NaN when there is nothing to tell apart
 * @source Hubert & Arabie 1985
 */
export function adjustedRand(sets: readonly (readonly (readonly [number, number])[])[]): number {
  let [together, byA, byB, expected] = [0, 0, 0, 0];
  const pairs = (counts: Iterable<number>): number => {
    let sum = 0;
    for (const count of counts) sum += (count * (count - 1)) / 2;
    return sum;
  };
  const tally = (keys: readonly (number | string)[]): Iterable<number> => {
    const counts = new Map<number | string, number>();
    for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
    return counts.values();
  };
  for (const points of sets) {
    if (points.length < 2) continue;
    const [a, b] = [pairs(tally(points.map(([x]) => x))), pairs(tally(points.map(([, y]) => y)))];
    together += pairs(tally(points.map((point) => point.join())));
    byA += a;
    byB += b;
    expected += (a * b) / ((points.length * (points.length - 1)) / 2);
  }
  return (together - expected) / ((byA + byB) / 2 - expected);
}
