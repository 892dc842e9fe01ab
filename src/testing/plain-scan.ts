import { placeHash } from '../analysis/scan/place-hash.ts';
import type { Places, ScanState } from '../analysis/scan/scan-state.ts';
import { TestRandom } from './random.ts';

export interface PlainToken {
  item: number;
  token: number;
  /** By feature; only those above 0. */
  values: Map<number, number>;
}

/** Random tokens of many texts: feature f fires on about one of 2^(f+1), and feature 1 nearly only where feature 0 does. */
export function plainTokens(items: number, features: number, seed: number): PlainToken[] {
  const random = new TestRandom(seed);
  return Array.from({ length: items }, (_, item) =>
    Array.from({ length: 1 + random.integer(20) }, (__, token) => {
      const values = new Map<number, number>();
      for (let f = 0; f < features; f++)
        if (random.next() < 2 ** -(f + 1)) values.set(f, Math.fround(10 * random.next() ** 2 + 1e-3));
      if (!values.has(0)) values.delete(1);
      return { item, token, values };
    }),
  ).flat();
}

/** What a scan keeps of tokens, by sorting everything. N = 6 top places, M = `perStratum`. */
export function plainScan(tokens: readonly PlainToken[], features: number, perStratum: number): ScanState {
  const bins = 12;
  const perTop = 6;
  const edges = Float32Array.from({ length: bins + 1 }, (_, b) => 0.05 * (8 / 0.05) ** (b / bins));
  const state: ScanState = {
    items: Math.max(0, ...tokens.map(({ item }) => item + 1)),
    tokens: tokens.length,
    longItems: 0,
    count: new Uint32Array(features),
    sum: new Float64Array(features),
    max: new Float32Array(features),
    histogram: new Uint32Array(features * bins),
    edges,
    top: places(features * perTop),
    strata: places(features * bins * perStratum),
    sample: sampleOf(tokens),
  };
  const hash = ({ item, token }: PlainToken): number => placeHash(item, token);
  for (let f = 0; f < features; f++) {
    const firing = tokens.filter(({ values }) => values.has(f));
    const value = ({ values }: PlainToken): number => values.get(f)!;
    state.count[f] = firing.length;
    state.sum[f] = firing.reduce((sum, each) => sum + value(each), 0);
    state.max[f] = Math.max(0, ...firing.map(value));
    const seen = new Set<number>();
    const best = firing
      .toSorted((a, b) => value(b) - value(a))
      .filter(({ item }) => !seen.has(item) && seen.add(item));
    best.slice(0, perTop).forEach((each, i) => put(state.top, f * perTop + i, each, value(each)));
    for (let b = 0; b < bins; b++) {
      const own = firing.filter((each) => binOf(edges, value(each)) === b);
      state.histogram[f * bins + b] = own.length;
      const kept = own.toSorted((x, y) => hash(x) - hash(y)).slice(0, perStratum);
      kept.forEach((each, i) => put(state.strata, (f * bins + b) * perStratum + i, each, value(each)));
    }
  }
  return state;
}

function binOf(edges: Float32Array, value: number): number {
  const bins = edges.length - 1;
  let bin = 0;
  while (bin < bins - 1 && value >= edges[bin + 1]!) bin += 1;
  return bin;
}

function places(length: number): Places {
  const item = new Uint32Array(length).fill(0xffffffff);
  return { item, token: new Uint32Array(length), value: new Float32Array(length) };
}

function put(into: Places, at: number, { item, token }: PlainToken, value: number): void {
  into.item[at] = item;
  into.token[at] = token;
  into.value[at] = value;
}

function sampleOf(tokens: readonly PlainToken[]): ScanState['sample'] {
  const rows = tokens.map(({ values }) => [...values].sort(([, a], [, b]) => b - a));
  const offsets = new Uint32Array(tokens.length + 1);
  rows.forEach((row, i) => (offsets[i + 1] = offsets[i]! + row.length));
  return {
    rows: tokens.length,
    item: Uint32Array.from(tokens, ({ item }) => item),
    token: Uint32Array.from(tokens, ({ token }) => token),
    offsets,
    indices: Uint32Array.from(rows.flat(), ([feature]) => feature),
    values: Float32Array.from(rows.flat(), ([, value]) => value),
  };
}
