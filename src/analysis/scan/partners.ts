import { lowerBound } from './partners-bound.ts';
import type { ScanState } from './scan-state.ts';

/** Partners that fire with the feature on fewer sampled tokens are left out: a few meetings say nothing. */
export const LEAST_TOGETHER = 5;

export interface Partner {
  feature: number;
  together: number;
  firing: number;
  share: number;
  lift: number;
  jaccard: number;
}

/**
 * Features that fire on the same tokens of the sample; see `FeaturePartners`. Kept are those that meet the feature on at
 * least `LEAST_TOGETHER` sampled tokens and more often than by chance: the lower end of the 95 % interval of the share is
 * above the partner's rate over the scan. By Jaccard, largest first, ties by number: unlike lift it favours neither
 * features that hardly fire nor those that always do.
 */
export function partnersOf(
  { count, tokens, sample }: ScanState,
  feature: number,
  most: number,
): { sampled: number; firing: number; partners: Partner[] } {
  const { rows, offsets, indices } = sample;
  const together = new Uint32Array(count.length);
  const alone = new Uint32Array(count.length);
  let firing = 0;
  for (let row = 0; row < rows; row++) {
    const own = indices.subarray(offsets[row], offsets[row + 1]);
    const fires = own.includes(feature);
    if (fires) firing += 1;
    for (const other of own) {
      alone[other]! += 1;
      if (fires) together[other]! += 1;
    }
  }
  const partners: Partner[] = [];
  together.forEach((both, other) => {
    if (other === feature || both < LEAST_TOGETHER) return;
    const rate = count[other]! / tokens;
    if (lowerBound(both, firing) <= rate) return;
    const share = both / firing;
    const jaccard = both / (firing + alone[other]! - both);
    partners.push({
      feature: other,
      together: both,
      firing: alone[other]!,
      share,
      lift: share / rate,
      jaccard,
    });
  });
  partners.sort((a, b) => b.jaccard - a.jaccard || a.feature - b.feature);
  return { sampled: rows, firing, partners: partners.slice(0, most) };
}
