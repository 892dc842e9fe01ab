/** Normal quantile of a one-sided 97.5 %. */
const Z = 1.96;

/**
 * Lower end of the 95 % score interval of a share.
 * @param hits may be fractional
 * @source Wilson 1927, "Probable inference, the law of succession, and statistical inference"
 */
export function lowerBound(hits: number, trials: number): number {
  if (!(trials > 0)) return 0;
  const share = hits / trials;
  const z2 = (Z * Z) / trials;
  const spread = Z * Math.sqrt((share * (1 - share) + z2 / 4) / trials);
  return Math.max(0, (share + z2 / 2 - spread) / (1 + z2));
}
