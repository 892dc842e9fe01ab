/** The bin a value is in. @param edges [bins + 1], ascending */
export function scanBin(edges: ArrayLike<number>, value: number): number {
  const bins = edges.length - 1;
  let bin = 0;
  while (bin + 1 < bins && value >= edges[bin + 1]!) bin++;
  return bin;
}

export interface ScanCodes {
  /** [T, k], 0xffffffff where unused */
  indices: Uint32Array;
  values: Float32Array;
  k: number;
  /** [T, 4] item, token, hash, flags */
  places: Uint32Array;
  edges: Float32Array;
}

/** Calls with every place of the codes that is used, of tokens that are counted. */
export function eachUsed(
  { indices, values, k, places }: ScanCodes,
  features: number,
  visit: (latent: number, value: number, row: number) => void,
): void {
  for (let place = 0; place < indices.length; place++) {
    const row = Math.floor(place / k);
    const isCounted = (places[4 * row + 3]! & 1) === 1;
    if (isCounted && indices[place]! < features && values[place]! > 0)
      visit(indices[place]!, values[place]!, row);
  }
}

/**
 * Plain statistics; see `kernels/sae_statistics.ts`.
 * @param totals [F, 4 + bins], added to
 */
export function saeStatisticsReference(codes: ScanCodes, totals: Uint32Array): void {
  const width = 4 + codes.edges.length - 1;
  const bits = new DataView(new ArrayBuffer(4));
  eachUsed(codes, totals.length / width, (latent, value) => {
    const at = latent * width;
    bits.setFloat32(0, value);
    totals[at]! += 1;
    totals[at + 1] = Math.max(totals[at + 1]!, bits.getUint32(0));
    const sum =
      BigInt(totals[at + 2]!) +
      (BigInt(totals[at + 3]!) << 32n) +
      BigInt(Math.floor(Math.min(value, 2 ** 25) * 2 ** 26));
    totals[at + 2] = Number(sum & 0xffffffffn);
    totals[at + 3] = Number((sum >> 32n) & 0xffffffffn);
    totals[at + 4 + scanBin(codes.edges, value)]! += 1;
  });
}
