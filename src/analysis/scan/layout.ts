/** How much is kept for each of F features. */
export interface ScanLayout {
  /** Bins of the histogram, which are also the strata. */
  bins: number;
  /** Places of the top list, one a text. */
  perFeature: number;
  /** Places of each stratum. */
  perStratum: number;
  /** Most bytes of the sample of tokens. */
  sampleBytes: number;
}

/** Feature values lie well inside; what does not is counted in the outer bins. */
const RANGE = { low: 0.02, high: 2_000 };
const SAMPLE_BYTES = 32 * 2 ** 20;
/** With the sample at most about 150 MB. */
const MOST_BYTES = 112 * 2 ** 20;
const FITTING = [
  [32, 20, 16],
  [32, 20, 10],
  [32, 20, 4],
  [32, 12, 1],
  [16, 8, 1],
  [8, 4, 1],
] as const;

/** Bytes of a feature: count, sum, maximum, best token, histogram, places of 12 bytes. */
function bytesOf([bins, perFeature, perStratum]: readonly [number, number, number]): number {
  return 20 + 4 * bins + 12 * (perFeature + bins * perStratum);
}

/** Wide dictionaries keep fewer places of each feature: 12 top places and one a stratum at 131,072. */
export function layoutFor(dSae: number): ScanLayout {
  const fits = FITTING.find((sizes) => dSae * bytesOf(sizes) <= MOST_BYTES);
  const [bins, perFeature, perStratum] = fits ?? FITTING.at(-1)!;
  return { bins, perFeature, perStratum, sampleBytes: SAMPLE_BYTES };
}

/** [bins + 1], log-spaced. */
export function binEdges(bins: number): Float32Array<ArrayBuffer> {
  const { low, high } = RANGE;
  return Float32Array.from({ length: bins + 1 }, (_, bin) => low * (high / low) ** (bin / bins));
}

/** The bin a value is in, its lower edge included; what is outside all of them is in the first or last. */
export function binOf(edges: Float32Array, value: number): number {
  let low = 0;
  let high = edges.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (value >= edges[middle]!) low = middle;
    else high = middle - 1;
  }
  return low;
}
