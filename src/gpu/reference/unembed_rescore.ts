import { UNEMBED_GROUP } from '../kernels/unembed_scan.ts';

/** Plain: the entries of the chosen runs of 16 columns of each row, −∞ beyond the last; see `kernels/unembed_rescore.ts`. */
export function unembedRescoreReference(
  logits: ArrayLike<number>,
  nCols: number,
  chosen: ArrayLike<number>,
): { logits: Float64Array; best: Float64Array } {
  const nRows = logits.length / nCols;
  const perRow = chosen.length / nRows;
  const found = Float64Array.from({ length: chosen.length * UNEMBED_GROUP }, (_, i) => {
    const place = Math.floor(i / UNEMBED_GROUP);
    const column = chosen[place]! * UNEMBED_GROUP + (i % UNEMBED_GROUP);
    return column < nCols ? logits[Math.floor(place / perRow) * nCols + column]! : -Infinity;
  });
  const best = Float64Array.from({ length: chosen.length }, (_, place) =>
    Math.max(...found.subarray(place * UNEMBED_GROUP, (place + 1) * UNEMBED_GROUP)),
  );
  return { logits: found, best };
}
