/**
 * UMAP of a graph of nearest neighbours, on flat arrays: 25,000 points take seconds and a few megabytes.
 * @source McInnes, Healy & Melville 2018, algorithms 2 to 5; the numbers are those of the packages umap-learn and umap-js,
 *   which the tests compare with
 */

/** Of the curve 1 / (1 + a d^2b) fitted to a minimum distance of 0.1 and a spread of 1: the fit of umap-learn. */
export const A = 1.5769434603113077;
export const B = 0.8950608779109733;
/** Points pushed away for each that is pulled. */
const NEGATIVES = 5;
const CLIP = 4;
const SMOOTH_TOLERANCE = 1e-5;
const SMOOTH_STEPS = 64;
/** Least scale of a point's distances, as a share of their mean. */
const LEAST_SCALE = 1e-3;

/** Who is pulled to whom, and how strongly, 0 … 1: both ways, by rising head, then tail. */
export interface FuzzyGraph {
  points: number;
  head: Uint32Array;
  tail: Uint32Array;
  weight: Float64Array;
}

/**
 * @param indices [n · k] nearest points of each, without itself
 * @param distances [n · k] rising
 */
export function fuzzyGraph(indices: Uint32Array, distances: Float32Array, k: number): FuzzyGraph {
  const n = indices.length / k;
  const strengths = memberships(distances, n, k);
  /** Strength from a point to another, 0 where the other is not among its neighbours. */
  const strength = (point: number, other: number): number => {
    const found = indices.subarray(point * k, (point + 1) * k).indexOf(other);
    return found < 0 ? 0 : strengths[point * k + found]!;
  };
  const edges: { tail: number; weight: number }[][] = Array.from({ length: n }, () => []);
  for (let point = 0; point < n; point++) {
    for (let j = 0; j < k; j++) {
      const other = indices[point * k + j]!;
      const [there, back] = [strengths[point * k + j]!, strength(other, point)];
      // Fuzzy union of both directions; where both hold it, the lower point writes it.
      if (there === 0 || (back > 0 && other < point)) continue;
      const weight = there + back - there * back;
      edges[point]!.push({ tail: other, weight });
      edges[other]!.push({ tail: point, weight });
    }
  }
  const size = edges.reduce((sum, own) => sum + own.length, 0);
  const graph: FuzzyGraph = {
    points: n,
    head: new Uint32Array(size),
    tail: new Uint32Array(size),
    weight: new Float64Array(size),
  };
  let at = 0;
  edges.forEach((own, point) => {
    for (const { tail, weight } of own.sort((a, b) => a.tail - b.tail)) {
      graph.head[at] = point;
      graph.tail[at] = tail;
      graph.weight[at] = weight;
      at += 1;
    }
  });
  return graph;
}

/** How strongly each point holds each of its neighbours: exp(−(d − ρ) / σ), with σ such that they add up to log2(k + 1). */
function memberships(distances: Float32Array, n: number, k: number): Float64Array {
  const result = new Float64Array(n * k);
  const meanOfAll = distances.reduce((sum, distance) => sum + distance, 0) / (n * (k + 1));
  for (let point = 0; point < n; point++) {
    const own = distances.subarray(point * k, (point + 1) * k);
    const nearest = own.find((distance) => distance > 0) ?? 0;
    const mean = own.reduce((sum, distance) => sum + distance, 0) / (k + 1);
    const scale = Math.max(smoothScale(own, nearest), LEAST_SCALE * (nearest > 0 ? mean : meanOfAll));
    for (let j = 0; j < k; j++) {
      const beyond = own[j]! - nearest;
      result[point * k + j] = beyond <= 0 ? 1 : Math.exp(-beyond / scale);
    }
  }
  return result;
}

function smoothScale(own: Float32Array, nearest: number): number {
  const target = Math.log2(own.length + 1);
  let [low, high, middle] = [0, Infinity, 1];
  for (let step = 0; step < SMOOTH_STEPS; step++) {
    let sum = 0;
    for (const distance of own) sum += distance > nearest ? Math.exp(-(distance - nearest) / middle) : 1;
    if (Math.abs(sum - target) < SMOOTH_TOLERANCE) break;
    if (sum > target) {
      high = middle;
      middle = (low + high) / 2;
    } else {
      low = middle;
      middle = high === Infinity ? 2 * middle : (low + high) / 2;
    }
  }
  return middle;
}

/** As many as the packages take for so many points. */
export const epochsFor = (points: number): number =>
  points <= 2500 ? 500 : points <= 5000 ? 400 : points <= 7500 ? 300 : 200;

/**
 * Stochastic gradient descent on the layout, one epoch at a time, in place.
 * @param positions [n · 2] where points begin
 * @param random uniform in [0, 1)
 */
export class Descent {
  readonly #graph: FuzzyGraph;
  /** Epochs between two pulls of an edge, and when each is due next; the same for pushes. */
  readonly #every: Float64Array;
  readonly #due: Float64Array;
  readonly #duePush: Float64Array;
  #epoch = 0;

  constructor(
    graph: FuzzyGraph,
    readonly positions: Float32Array | Float64Array,
    readonly epochs: number,
    private readonly random: () => number,
  ) {
    const most = graph.weight.reduce((max, weight) => Math.max(max, weight), 0);
    // What would be pulled less than once has no say.
    const kept = graph.weight.map((weight) => (weight < most / epochs ? 0 : weight));
    const places = Array.from(kept.keys()).filter((at) => kept[at]! > 0);
    this.#graph = {
      points: graph.points,
      head: Uint32Array.from(places, (at) => graph.head[at]!),
      tail: Uint32Array.from(places, (at) => graph.tail[at]!),
      weight: Float64Array.from(places, (at) => kept[at]!),
    };
    this.#every = this.#graph.weight.map((weight) => most / weight);
    this.#due = this.#every.slice();
    this.#duePush = this.#every.map((every) => every / NEGATIVES);
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** @returns whether there is more to do */
  step(): boolean {
    const { head, tail, points } = this.#graph;
    const { positions, random } = this;
    const now = this.#epoch;
    // The packages lower the rate after an epoch by how far it was.
    const rate = now === 0 ? 1 : 1 - (now - 1) / this.epochs;
    for (let edge = 0; edge < head.length; edge++) {
      if (this.#due[edge]! > now) continue;
      const [own, other] = [2 * head[edge]!, 2 * tail[edge]!];
      this.#pull(own, other, rate);
      this.#due[edge]! += this.#every[edge]!;
      const everyPush = this.#every[edge]! / NEGATIVES;
      const pushes = Math.floor((now - this.#duePush[edge]!) / everyPush);
      for (let i = 0; i < pushes; i++) push(positions, own, 2 * Math.floor(random() * points), rate);
      this.#duePush[edge]! += pushes * everyPush;
    }
    this.#epoch += 1;
    return this.#epoch < this.epochs;
  }

  #pull(own: number, other: number, rate: number): void {
    const { positions } = this;
    const x = positions[own]! - positions[other]!;
    const y = positions[own + 1]! - positions[other + 1]!;
    const square = x * x + y * y;
    if (square === 0) return;
    const power = square ** B;
    const gradient = (-2 * A * B * (power / square)) / (A * power + 1);
    const [moveX, moveY] = [rate * clipped(gradient * x), rate * clipped(gradient * y)];
    positions[own]! += moveX;
    positions[own + 1]! += moveY;
    positions[other]! -= moveX;
    positions[other + 1]! -= moveY;
  }
}

function push(positions: Float32Array | Float64Array, own: number, other: number, rate: number): void {
  if (own === other) return;
  const x = positions[own]! - positions[other]!;
  const y = positions[own + 1]! - positions[other + 1]!;
  const square = x * x + y * y;
  // Two points on one spot must come apart somehow.
  const gradient = square > 0 ? (2 * B) / ((0.001 + square) * (A * square ** B + 1)) : 0;
  positions[own]! += rate * (gradient > 0 ? clipped(gradient * x) : CLIP);
  positions[own + 1]! += rate * (gradient > 0 ? clipped(gradient * y) : CLIP);
}

const clipped = (value: number): number => (value > CLIP ? CLIP : value < -CLIP ? -CLIP : value);
