import type { Places, ScanState } from './scan-state.ts';

const UNUSED = 0xffffffff;

export interface Place {
  item: number;
  /** Position in the item, without the prefix. */
  token: number;
  value: number;
}

/** Order of the places of a stratum: see `ScanDump`. */
export type PlaceOrder = (item: number, token: number) => number;

function placesOf({ item, token, value }: Places, from: number, to: number): Place[] {
  const found: Place[] = [];
  for (let i = from; i < to; i++)
    if (item[i] !== UNUSED) found.push({ item: item[i]!, token: token[i]!, value: value[i]! });
  return found;
}

/** The texts with a feature's largest values, largest first. */
export function topPlaces({ count, top }: ScanState, feature: number, most: number): Place[] {
  const perFeature = top.item.length / count.length;
  return placesOf(top, feature * perFeature, (feature + 1) * perFeature).slice(0, most);
}

export interface IntervalPlaces {
  /** Of values: (low, high]. */
  low: number;
  high: number;
  /** The feature's firings in it, and their share of all its firings. */
  count: number;
  share: number;
  /** Whether `count` is what was counted; else it is estimated. */
  exact: boolean;
  places: Place[];
}

/**
 * A feature's firings in intervals of equal width between 0 and its largest value, largest first, as sae_vis and hosted
 * dashboards have them; intervals without firings are left out.
 *
 * How many firings an interval has: a bin of the histogram that lies inside it counts in full (a value exactly on an edge
 * that they share is the upper one's). Of a bin that it cuts, a
 * uniform sample is kept (the places of its stratum), and the share of these places that lies in the interval, times the
 * bin's count, is its part: the count itself where every firing of the bin is kept, else an unbiased estimate. The parts of
 * a bin add up to its count, so the intervals add up to all firings.
 *
 * Which places: of the kept ones in the interval, at most one a text, those with the smallest hash. Within one bin, or
 * across whole bins, that is a uniform sample of the interval's firings as long as no more are asked for than a stratum keeps.
 */
export function intervalPlaces(
  state: ScanState,
  feature: number,
  asked: { intervals: number; perInterval: number },
  order: PlaceOrder,
): IntervalPlaces[] {
  const max = state.max[feature]!;
  const total = state.count[feature]!;
  if (!(max > 0) || total === 0) return [];
  const bins = binsOf(state, feature);
  return Array.from({ length: asked.intervals }, (_, i) => asked.intervals - 1 - i)
    .map((i) => {
      // Values are f32; so that no edge falls between two of them, the ends are too.
      const low = Math.fround((max * i) / asked.intervals);
      const high = i + 1 === asked.intervals ? max : Math.fround((max * (i + 1)) / asked.intervals);
      return fill(bins, { low, high, total, perInterval: asked.perInterval }, order);
    })
    .filter(({ count }) => count > 0);
}

/** A bin of the histogram: the values [low, high), up to the largest there is, how many, and the places kept of them. */
interface Bin {
  low: number;
  high: number;
  count: number;
  places: Place[];
}

function binsOf({ count, max, histogram, edges, strata }: ScanState, feature: number): Bin[] {
  const bins = edges.length - 1;
  const perStratum = strata.item.length / (count.length * bins);
  return Array.from({ length: bins }, (_, b) => {
    const at = feature * bins + b;
    return {
      // What lies outside of the edges is in the outer bins.
      low: b === 0 ? 0 : edges[b]!,
      high: b === bins - 1 ? max[feature]! : Math.min(max[feature]!, edges[b + 1]!),
      count: histogram[at]!,
      places: placesOf(strata, at * perStratum, (at + 1) * perStratum),
    };
  }).filter((bin) => bin.count > 0);
}

function fill(
  bins: readonly Bin[],
  { low, high, total, perInterval }: { low: number; high: number; total: number; perInterval: number },
  order: PlaceOrder,
): IntervalPlaces {
  let count = 0;
  let exact = true;
  const inside: Place[] = [];
  for (const bin of bins) {
    const own = bin.places.filter(({ value }) => value > low && value <= high);
    inside.push(...own);
    if (bin.low >= low && bin.high <= high) count += bin.count;
    else if (bin.high > low && bin.low < high && bin.places.length > 0) {
      count += (bin.count * own.length) / bin.places.length;
      if (bin.places.length < bin.count) exact = false;
    }
  }
  return { low, high, count, share: count / total, exact, places: oneAText(inside, order, perInterval) };
}

function oneAText(places: readonly Place[], order: PlaceOrder, most: number): Place[] {
  const found: Place[] = [];
  const items = new Set<number>();
  const hashed = places
    .map((place) => ({ place, hash: order(place.item, place.token) }))
    .toSorted((a, b) => a.hash - b.hash || a.place.item - b.place.item || a.place.token - b.place.token);
  for (const { place } of hashed) {
    if (found.length === most) break;
    if (items.has(place.item)) continue;
    items.add(place.item);
    found.push(place);
  }
  return found.toSorted((a, b) => b.value - a.value || a.item - b.item || a.token - b.token);
}
