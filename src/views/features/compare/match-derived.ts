import type { DictionaryMatch } from '../../../engine/protocol.ts';

export const NONE = 0xffffffff;

/** One latent of the open dictionary and its matches in the other. */
export interface MatchRow {
  feature: number;
  nearest: number;
  cosine: number;
  /** Whether the match's own best match is this latent. */
  mutual: boolean;
  /** NaN without a corpus; `NONE` and 0 where it fires with none. */
  partner: number;
  jaccard: number;
  count: number;
  together: number;
}

export function matchRows({ nearest, cosine, backNearest, firing }: DictionaryMatch): MatchRow[] {
  return Array.from(nearest, (other, feature) => ({
    feature,
    nearest: other,
    cosine: other === NONE ? NaN : cosine[feature]!,
    mutual: other !== NONE && backNearest[other] === feature,
    partner: firing?.partner[feature] ?? NONE,
    jaccard: firing && firing.count[feature]! > 0 ? firing.jaccard[feature]! : NaN,
    count: firing?.count[feature] ?? NaN,
    together: firing?.together[feature] ?? NaN,
  }));
}

/** Share of the latents with a length whose best cosine is at least so large. */
export function shareAbove(nearest: Uint32Array, cosine: Float32Array, least: number): number {
  const known = cosine.filter((_, i) => nearest[i] !== NONE);
  return known.length > 0 ? known.filter((value) => value >= least).length / known.length : NaN;
}

/** Counts of best cosines in equal bins between −1 and 1, without the empty ones at the left. */
export function cosineBins(
  nearest: Uint32Array,
  cosine: Float32Array,
): { low: number; high: number; count: number }[] {
  const bins = 40;
  const counts = Array.from({ length: bins }, () => 0);
  cosine.forEach((value, i) => {
    if (nearest[i] !== NONE) counts[Math.min(bins - 1, Math.floor(((value + 1) / 2) * bins))]! += 1;
  });
  const first = Math.min(
    bins / 2,
    Math.max(
      0,
      counts.findIndex((count) => count > 0),
    ),
  );
  return counts
    .map((count, i) => ({ low: (2 * i) / bins - 1, high: (2 * (i + 1)) / bins - 1, count }))
    .slice(first);
}
