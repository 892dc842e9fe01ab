import { everything, joinHeads, type PairMask, type PairShape } from '../../../attention/pair-mask.ts';
import { randomBlocks } from '../../../attention/random-blocks.ts';
import { attention as attend } from '../../../gpu/kernels/attention.ts';
import { mustAgree } from '../agree.ts';
import { disposing, type Prepare } from '../prepared.ts';
import { headValues } from '../workloads.ts';

/** Every so many queries, and the last, are computed plainly. */
const EVERY = 7;

/** Causal attention with blocks of keys left out. */
export const attention: Prepare<'attention'> = async (context, shape) => {
  const { gpu, pause } = context;
  const { tokens, nHeads, dHead, blockSize, skipped } = shape;
  const values = headValues(shape);
  const width = nHeads * dHead;
  const [q, k, v] = (['q', 'k', 'v'] as const).map((name) => gpu.upload(values[name], [tokens, width]));
  const pairs: PairShape = { nQueries: tokens, nKeys: tokens, queryOffset: 0, blockSize, window: 0 };
  const masks = Array.from({ length: nHeads }, (_, head) =>
    skipped === 0 ? everything(pairs) : randomBlocks(pairs, 1 - skipped, 1 + head),
  );
  const mask = joinHeads(masks);
  const scale = dHead ** -0.5;
  const view = (tensor: typeof q) => ({ tensor: tensor!, rowStride: width, offset: 0 });
  return {
    checked: `every ${EVERY}th query of every head against plain 64-bit arithmetic`,
    record(batch) {
      const { z, lse } = attend(batch, {
        q: view(q), k: view(k), v: view(v), nHeads, nKvHeads: nHeads, dHead,
        nQueries: tokens, nKeys: tokens, queryOffset: 0, scale, mask,
      }); // oxfmt-ignore
      batch.release(lse);
      return [z];
    },
    async check([z]) {
      for (const [head, own] of masks.entries()) {
        await pause();
        for (let t = tokens - 1; t >= 0; t -= EVERY) {
          const at = t * width + head * dHead;
          const expected = attendOne(values, own, t, { head, width, dHead, scale });
          mustAgree(`query ${t} of head ${head}`, z!.subarray(at, at + dHead), expected, 2e-5);
        }
      }
    },
    [Symbol.dispose]: disposing(q, k, v),
  };
};

/** One query's attention over the keys its mask lets it see. @returns [d_head] */
function attendOne(
  { q, k, v }: Record<'q' | 'k' | 'v', Float32Array>,
  mask: PairMask,
  t: number,
  { head, width, dHead, scale }: { head: number; width: number; dHead: number; scale: number },
): Float64Array {
  const keys = [...mask.keys(t)];
  const scores = keys.map((s) => {
    let score = 0;
    for (let i = 0; i < dHead; i++)
      score += q[t * width + head * dHead + i]! * k[s * width + head * dHead + i]!;
    return score * scale;
  });
  const highest = Math.max(...scores);
  const weights = scores.map((score) => Math.exp(score - highest));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const out = new Float64Array(dHead);
  keys.forEach((s, which) => {
    for (let i = 0; i < dHead; i++) out[i]! += (weights[which]! / total) * v[s * width + head * dHead + i]!;
  });
  return out;
}
