import { UNEMBED_GROUP } from '../kernels/unembed_scan.ts';

/** Plain: of each run of 16 columns the largest logit and Σ exp(logit − largest); see `kernels/unembed_scan.ts`. */
export function unembedScanReference(
  logits: ArrayLike<number>,
  nCols: number,
): { m: Float64Array; s: Float64Array } {
  const perRow = Math.ceil(nCols / UNEMBED_GROUP);
  const nRows = logits.length / nCols;
  const m = new Float64Array(nRows * perRow).fill(-Infinity);
  const s = new Float64Array(nRows * perRow);
  const each = (visit: (value: number, at: number) => void): void => {
    for (let i = 0; i < logits.length; i++)
      visit(logits[i]!, Math.floor(i / nCols) * perRow + Math.floor((i % nCols) / UNEMBED_GROUP));
  };
  each((value, at) => {
    if (value > m[at]!) m[at] = value;
  });
  each((value, at) => {
    s[at]! += value === -Infinity ? 0 : Math.exp(value - m[at]!);
  });
  return { m, s };
}
