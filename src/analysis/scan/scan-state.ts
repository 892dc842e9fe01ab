/** Everything a scan keeps, bounded whatever the size of the corpus. F = d_sae, B = bins, N = top, M = per stratum. */
export interface ScanState {
  /** Items in whole chunks read so far, and tokens counted. */
  items: number;
  tokens: number;
  longItems: number;
  /** [F] */
  count: Uint32Array<ArrayBuffer>;
  sum: Float64Array<ArrayBuffer>;
  max: Float32Array<ArrayBuffer>;
  /** [F · B] */
  histogram: Uint32Array<ArrayBuffer>;
  edges: Float32Array<ArrayBuffer>;
  /** [F · N], and [F · B · M]: see `ScanDump`. */
  top: Places;
  strata: Places;
  /** Tokens with all their features, for questions about pairs. */
  sample: TokenSample;
}

/** Unused slots have item 0xffffffff. `token` is the position in the item, from 0, without the prefix. */
export interface Places {
  item: Uint32Array<ArrayBuffer>;
  token: Uint32Array<ArrayBuffer>;
  value: Float32Array<ArrayBuffer>;
}

/**
 * Those tokens of everything read whose hash of (item, token) is smallest, as many as there is room for: a uniform sample
 * that depends on neither order nor interruptions. Row i has entries offsets[i] … offsets[i + 1].
 */
export interface TokenSample {
  rows: number;
  item: Uint32Array<ArrayBuffer>;
  token: Uint32Array<ArrayBuffer>;
  offsets: Uint32Array<ArrayBuffer>;
  indices: Uint32Array<ArrayBuffer>;
  values: Float32Array<ArrayBuffer>;
}
