import { UMAP } from 'umap-js';
import { describe, expect, it } from 'vitest';
import { TestRandom } from '../testing/random.ts';
import { seeded } from './layout.ts';
import { nearest, planted } from '../testing/planted.ts';
import { A, B, Descent, epochsFor, fuzzyGraph, type FuzzyGraph } from './umap.ts';

const K = 9;

/** What umap-js keeps to itself. */
interface Inside {
  graph: { getAll(): { row: number; col: number; value: number }[] };
  optimizationState: { a: number; b: number };
}

/** The package on the same neighbours; its own count of neighbours has the point itself. */
function published(indices: Uint32Array, distances: Float32Array, seed: number) {
  const n = indices.length / K;
  const rows = <Value>(own: (at: number) => Value, first: (point: number) => Value): Value[][] =>
    Array.from({ length: n }, (_, point) => [
      first(point),
      ...Array.from({ length: K }, (_unused, j) => own(point * K + j)),
    ]);
  const umap = new UMAP({ nNeighbors: K + 1, random: seeded(seed) });
  umap.setPrecomputedKNN(
    rows(
      (at) => indices[at]!,
      (point) => point,
    ),
    rows(
      (at) => distances[at]!,
      () => 0,
    ),
  );
  const epochs = umap.initializeFit(Array.from({ length: n }, () => []));
  return {
    umap,
    epochs,
    entries: (umap as unknown as Inside).graph.getAll().filter(({ value }) => value > 0),
  };
}

describe('UMAP, against the package umap-js', () => {
  const { data, dimensions } = planted(4, 30, 12, 7);
  const { indices, cosines } = nearest(data, dimensions, K);
  const distances = cosines.map((cosine) => 1 - cosine);

  it('joins the same points as strongly', () => {
    const { entries } = published(indices, distances, 3);
    const graph = fuzzyGraph(indices, distances, K);
    const theirs = new Map(entries.map(({ row, col, value }) => [`${row},${col}`, value]));
    expect(graph.head).toHaveLength(theirs.size);
    graph.weight.forEach((weight, at) =>
      expect(weight).toBeCloseTo(theirs.get(`${graph.head[at]},${graph.tail[at]}`) ?? NaN, 9),
    );
  });

  it('joins points without a distance, and points that are copies of each other, as the package does', () => {
    const random = new TestRandom(5);
    const n = 40;
    const strange = new Uint32Array(n * K);
    const apart = new Float32Array(n * K);
    for (let point = 0; point < n; point++) {
      for (let j = 0; j < K; j++) {
        strange[point * K + j] = (point + 1 + j * 3) % n;
        apart[point * K + j] = point % 4 === 0 ? 0 : Math.max(0, j - 4) * random.next();
      }
      apart.subarray(point * K, (point + 1) * K).sort();
    }
    const theirs = new Map(
      published(strange, apart, 3).entries.map(({ row, col, value }) => [`${row},${col}`, value]),
    );
    const graph = fuzzyGraph(strange, apart, K);
    expect(graph.head).toHaveLength(theirs.size);
    graph.weight.forEach((weight, at) =>
      expect(weight).toBeCloseTo(theirs.get(`${graph.head[at]},${graph.tail[at]}`) ?? NaN, 9),
    );
  });

  it('moves points as far, epoch by epoch', () => {
    const { umap, epochs, entries } = published(indices, distances, 3);
    expect(epochs).toBe(epochsFor(indices.length / K));
    // In its order: which point moves first matters.
    const graph: FuzzyGraph = {
      points: indices.length / K,
      head: Uint32Array.from(entries, ({ col }) => col),
      tail: Uint32Array.from(entries, ({ row }) => row),
      weight: Float64Array.from(entries, ({ value }) => value),
    };
    // Its own fit of the curve is a rougher one.
    const state = (umap as unknown as Inside).optimizationState;
    expect([state.a / A - 1, state.b / B - 1].every((off) => Math.abs(off) < 0.01)).toBe(true);
    Object.assign(state, { a: A, b: B });
    const stream = seeded(3);
    // It has drawn its random beginning by then.
    for (let drawn = 0; drawn < 2 * graph.points; drawn++) stream();
    const positions = Float64Array.from(umap.getEmbedding().flat());
    const descent = new Descent(graph, positions, epochs, stream);
    // Rounding grows a hundredfold an epoch: points that all but meet fly apart.
    for (let epoch = 0; epoch < 5; epoch++) {
      umap.step();
      descent.step();
      const theirs = umap.getEmbedding().flat();
      positions.forEach((value, at) => expect(Math.abs(value - theirs[at]!)).toBeLessThan(1e-9));
    }
    expect(descent.epoch).toBe(5);
  });
});
