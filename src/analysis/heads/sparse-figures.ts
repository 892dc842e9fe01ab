import { everything, type PairMask } from '../../attention/pair-mask.ts';
import type { SparseCodes } from '../../dictionary/codes.ts';

/** What a mask keeps of a head's attention. */
export interface MaskFigures {
  /** Share of the blocks, and of the pairs, of dense attention. */
  visited: number;
  kept: number;
  /** Mean over rows of the pattern's mass inside the mask. */
  recall: number;
  /** Mean of −ln(mass inside the mask), nats, over rows with any: KL(the row over the mask ‖ the row). */
  kl: number;
  /** Rows that see no key at all. */
  blindRows: number;
}

/** @param pattern [nQueries, nKeys] of dense attention, rows adding up to 1 */
export function maskFigures(mask: PairMask, pattern: ArrayLike<number>): MaskFigures {
  const { nQueries, nKeys } = mask.shape;
  const dense = everything(mask.shape);
  let [pairs, densePairs, recall, kl, seeing, blindRows] = [0, 0, 0, 0, 0, 0];
  for (let row = 0; row < nQueries; row++) {
    const count = mask.count(row);
    pairs += count;
    densePairs += dense.count(row);
    if (count === 0) blindRows += 1;
    let mass = 0;
    for (const s of mask.keys(row)) mass += pattern[row * nKeys + s]!;
    // A row of f32 may add up to a little more than 1.
    mass = Math.min(1, mass);
    recall += mass;
    if (mass > 0) {
      kl -= Math.log(mass);
      seeing += 1;
    }
  }
  return {
    visited: mask.visited / dense.visited,
    kept: pairs / densePairs,
    recall: recall / nQueries,
    kl: seeing === 0 ? NaN : kl / seeing,
    blindRows,
  };
}

/** [nQueries, nKeys] 1 where the mask lets a query see a key. */
export function maskBytes(mask: PairMask): Uint8Array<ArrayBuffer> {
  const { nQueries, nKeys } = mask.shape;
  const bytes = new Uint8Array(nQueries * nKeys);
  for (let row = 0; row < nQueries; row++) for (const s of mask.keys(row)) bytes[row * nKeys + s] = 1;
  return bytes;
}

export interface FeatureChanges {
  /** Mean over tokens of |active in both| / |active in either|; tokens without features count 1. */
  jaccard: number;
  /** Mean of Σ|f − f'| / Σf over tokens with features. */
  change: number;
  /** Features by their sum over tokens of |f − f'|, largest first, with the sums of f and f'. */
  most: { index: number; dense: number; sparse: number }[];
}

/** Row 0 is left out: the activation norm of a first token is an outlier. */
const FIRST_JUDGED = 1;

/** What became of a text's features. @param count of `most` */
export function compareFeatures(dense: SparseCodes, sparse: SparseCodes, count: number): FeatureChanges {
  const rows = dense.offsets.length - 1;
  const byFeature = new Map<number, { dense: number; sparse: number; moved: number }>();
  let [jaccard, change, firing] = [0, 0, 0];
  for (let row = FIRST_JUDGED; row < rows; row++) {
    const pairs = new Map<number, { dense: number; sparse: number }>();
    let active = 0;
    for (const [side, codes] of [['dense', dense], ['sparse', sparse]] as const) {
      for (let i = codes.offsets[row]!; i < codes.offsets[row + 1]!; i++) {
        const index = codes.indices[i]!;
        const pair = pairs.get(index) ?? { dense: 0, sparse: 0 };
        pair[side] = codes.values[i]!;
        pairs.set(index, pair);
      }
    } // oxfmt-ignore
    let [both, moved] = [0, 0];
    for (const [index, pair] of pairs) {
      const difference = Math.abs(pair.dense - pair.sparse);
      if (pair.dense > 0 && pair.sparse > 0) both += 1;
      active += pair.dense;
      moved += difference;
      const sums = byFeature.get(index) ?? { dense: 0, sparse: 0, moved: 0 };
      sums.dense += pair.dense;
      sums.sparse += pair.sparse;
      sums.moved += difference;
      byFeature.set(index, sums);
    }
    jaccard += pairs.size === 0 ? 1 : both / pairs.size;
    if (active > 0) {
      change += moved / active;
      firing += 1;
    }
  }
  const most = [...byFeature]
    .filter(([, { moved }]) => moved > 0)
    .sort(([a, x], [b, y]) => y.moved - x.moved || a - b)
    .slice(0, count)
    .map(([index, sums]) => ({ index, dense: sums.dense, sparse: sums.sparse }));
  const judged = rows - FIRST_JUDGED;
  return { jaccard: judged > 0 ? jaccard / judged : NaN, change: firing > 0 ? change / firing : NaN, most };
}
