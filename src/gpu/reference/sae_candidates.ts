import { eachUsed, scanBin, type ScanCodes } from './sae_statistics.ts';

/**
 * Plain candidates, in the order of the codes; see `kernels/sae_candidates.ts`.
 * @returns latent, row and value of each
 */
export function saeCandidatesReference(
  codes: ScanCodes,
  least: Float32Array,
  most: Uint32Array,
): [latent: number, row: number, value: number][] {
  const bins = codes.edges.length - 1;
  const found: [number, number, number][] = [];
  eachUsed(codes, least.length, (latent, value, row) => {
    const isTop = value >= least[latent]!;
    const isKept = codes.places[4 * row + 2]! <= most[latent * bins + scanBin(codes.edges, value)]!;
    const isWanted = (codes.places[4 * row + 3]! & 2) !== 0;
    if (isTop || isKept || isWanted) found.push([latent, row, value]);
  });
  return found;
}
