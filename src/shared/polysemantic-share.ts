/** How many of some heads are polysemantic, with a 95 % bootstrap interval over the texts. */
export interface PolysemanticShare {
  heads: number;
  polysemantic: number;
  share: number;
  /** 2.5 % and 97.5 % quantiles of the share over resamples of the texts. */
  low: number;
  high: number;
}

/**
 * Over heads of any number of layers, each with its verdict in every resample; resample b drew the same texts for all of
 * them, so that the interval keeps what heads have in common. Heads without ablations are left out.
 */
export function polysemanticShare(
  heads: readonly { polysemantic: boolean | 'unknown'; resampled: readonly boolean[] }[],
): PolysemanticShare {
  const judged = heads.filter(({ polysemantic }) => polysemantic !== 'unknown');
  const polysemantic = judged.filter((head) => head.polysemantic === true).length;
  const resamples = judged[0]?.resampled.length ?? 0;
  const shares = Array.from(
    { length: resamples },
    (_, b) => judged.filter(({ resampled }) => resampled[b]).length / judged.length,
  ).sort((a, b) => a - b);
  const quantile = (q: number): number => shares[Math.round(q * (resamples - 1))] ?? NaN;
  return {
    heads: judged.length,
    polysemantic,
    share: polysemantic / judged.length,
    low: quantile(0.025),
    high: quantile(0.975),
  };
}
