import { type BlockMask, isVisible } from '../block-mask.ts';

export interface PlainHeads {
  /** [nQueries, nHeads, dHead] */
  q: ArrayLike<number>;
  /** [nKeys, nKvHeads, dHead] */
  k: ArrayLike<number>;
  v: ArrayLike<number>;
  nHeads: number;
  nKvHeads: number;
  dHead: number;
  nQueries: number;
  nKeys: number;
  queryOffset: number;
  scale: number;
  cap?: number;
  mask: BlockMask;
}

/** Plain f64 attention: every visible score, softmax in two passes. Masked scores are −Infinity, their weights 0. */
export function attentionReference(h: PlainHeads): {
  z: Float64Array;
  lse: Float64Array;
  pattern: Float64Array;
  scores: Float64Array;
} {
  const z = new Float64Array(h.nQueries * h.nHeads * h.dHead);
  const lse = new Float64Array(h.nHeads * h.nQueries).fill(-Infinity);
  const pattern = new Float64Array(h.nHeads * h.nQueries * h.nKeys);
  const scores = new Float64Array(pattern.length).fill(-Infinity);
  const nQueryBlocks = Math.ceil(h.nQueries / h.mask.blockSize);
  for (let head = 0; head < h.nHeads; head++) {
    const kvHead = Math.floor((head * h.nKvHeads) / h.nHeads);
    for (let row = 0; row < h.nQueries; row++) {
      const start = (head * h.nQueries + row) * h.nKeys;
      let highest = -Infinity;
      for (let s = 0; s < h.nKeys; s++) {
        if (!isVisible(h.mask, { head, queryRow: row, nQueryBlocks, t: row + h.queryOffset, s })) continue;
        let score = 0;
        for (let i = 0; i < h.dHead; i++)
          score +=
            h.q[(row * h.nHeads + head) * h.dHead + i]! * h.k[(s * h.nKvHeads + kvHead) * h.dHead + i]!;
        score *= h.scale;
        if (h.cap) score = h.cap * Math.tanh(score / h.cap);
        scores[start + s] = score;
        highest = Math.max(highest, score);
      }
      if (highest === -Infinity) continue;
      let total = 0;
      for (let s = 0; s < h.nKeys; s++) total += Math.exp(scores[start + s]! - highest);
      lse[head * h.nQueries + row] = highest + Math.log(total);
      for (let s = 0; s < h.nKeys; s++) {
        pattern[start + s] = Math.exp(scores[start + s]! - highest) / total;
        for (let i = 0; i < h.dHead; i++) {
          z[(row * h.nHeads + head) * h.dHead + i]! +=
            pattern[start + s]! * h.v[(s * h.nKvHeads + kvHead) * h.dHead + i]!;
        }
      }
    }
  }
  return { z, lse, pattern, scores };
}
