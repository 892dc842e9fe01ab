import { matmul } from '../../src/gpu/kernels/matmul.ts';
import { saeDecodeSparse } from '../../src/gpu/kernels/sae_decode_sparse.ts';
import { saeEncodeTopK } from '../../src/gpu/kernels/sae_encode_topk.ts';
import { saeCountActive } from '../../src/gpu/kernels/sae_count_active.ts';
import { saeGatherActive } from '../../src/gpu/kernels/sae_gather_active.ts';
import { topKRows } from '../../src/gpu/kernels/topk_rows.ts';
import { saeGroupMax } from '../../src/gpu/kernels/sae_group_max.ts';
import { topKGroupMax } from '../../src/gpu/kernels/topk_group_max.ts';
import { topKGroups } from '../../src/gpu/kernels/topk_groups.ts';
import { saeRescoreGroups } from '../../src/gpu/kernels/sae_rescore_groups.ts';
import type { Batch } from '../../src/gpu/batch.ts';
import type { Tensor } from '../../src/gpu/tensor.ts';
import type { Workload } from '../workload.ts';

interface Sizes {
  tokens: number;
  d: number;
  latents: number;
  k: number;
}

/** Values in [−1, 1) that look nothing like sorted, without the cost of a good generator. */
function noise(count: number, scale: number): Float32Array<ArrayBuffer> {
  const values = new Float32Array(count);
  let state = 1;
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    values[i] = (state / 2 ** 31) * scale;
  }
  return values;
}

type Uploaded = {
  gates: Tensor;
  x: Tensor;
  wEnc: Tensor;
  bEnc: Tensor;
  chosen: Tensor[];
  p: Tensor[];
  maxima: Tensor[];
  values: Tensor;
  bDec: Tensor;
};
const SIZES = [4, 8, 16] as const;

function workload(
  what: string,
  { tokens, d, latents, k }: Sizes,
  record: (batch: Batch, on: Uploaded) => void,
): Workload {
  return {
    name: `${what} [${tokens}×${d}]·[${d}×${latents}] k ${k}`,
    prepare(gpu) {
      const on = {
        x: gpu.upload(noise(tokens * d, 1), [tokens, d]),
        wEnc: gpu.upload(noise(d * latents, 1), [d, latents]),
        bEnc: gpu.upload(noise(latents, 1), [latents]),
        // About one latent in a hundred is active.
        gates: gpu.upload(
          Float32Array.from({ length: 4 * latents }, (_, i) => [0, 0.77 * Math.sqrt(d), 1, 0][i % 4]!),
          [latents, 4],
        ),
        values: gpu.upload(noise(tokens * k, 1), [tokens, k]),
        bDec: gpu.upload(noise(d, 1), [d]),
        maxima: SIZES.map((g) => gpu.upload(noise((tokens * latents) / g, 1), [tokens, latents / g])),
        p: SIZES.map((g) => gpu.upload(noise(tokens * k * g, 1), [tokens, k * g])),
        chosen: SIZES.map((g) =>
          gpu.upload(
            Uint32Array.from({ length: tokens * k }, (_, i) => (i * 7919) % (latents / g)),
            [tokens, k],
          ),
        ),
      };
      return {
        flops: 2 * tokens * d * latents,
        record: (batch) => record(batch, on),
        [Symbol.dispose]: () =>
          Object.values(on)
            .flat()
            .forEach((tensor) => tensor.dispose()),
      };
    },
  };
}

export const workloads: Workload[] = [
  { tokens: 64, d: 192, latents: 2048, k: 24 },
  { tokens: 64, d: 768, latents: 24_576, k: 32 },
  { tokens: 1, d: 768, latents: 24_576, k: 32 },
  { tokens: 256, d: 768, latents: 24_576, k: 32 },
].flatMap((sizes) => [
  ...([undefined, 'register', 'quad'] as const).map((variant) =>
    workload(`sae_encode_topk ${variant ?? 'default'}`, sizes, (batch, { x, wEnc, bEnc }) => {
      const codes = saeEncodeTopK(batch, { x, wEnc, bEnc, k: sizes.k, variant });
      batch.release(codes.indices, codes.values);
    }),
  ),
  ...([undefined, 'narrow', 'shared'] as const).map((variant) =>
    workload(`sae_decode_sparse ${variant ?? 'default'}`, sizes, (batch, { wEnc, bDec, values, chosen }) => {
      // The encoder read as [F, d]: what the weights are does not matter.
      const wDec = wEnc.reshaped([sizes.latents, sizes.d]);
      batch.release(saeDecodeSparse(batch, { indices: chosen[0]!, values, wDec, bDec, variant }));
    }),
  ),
  workload('sae_encode_thresholded', sizes, (batch, { x, wEnc, gates }) => {
    const room = 512;
    const into = {
      indices: batch.scratch([sizes.tokens, room], 'u32'),
      values: batch.scratch([sizes.tokens, room]),
      totals: batch.scratch([sizes.tokens], 'u32'),
    };
    const p = matmul(batch, { x, weights: wEnc, layout: 'kn' });
    const counts = saeCountActive(batch, { p, gates });
    saeGatherActive(batch, { p, gates, counts, into, firstRow: 0 });
    batch.release(p, counts, ...Object.values(into));
  }),
  workload('sae_matmul', sizes, (batch, { x, wEnc, bEnc }) => {
    batch.release(matmul(batch, { x, weights: wEnc, layout: 'kn', bias: bEnc }));
  }),
  workload('sae_materialising', sizes, (batch, { x, wEnc, bEnc }) => {
    const p = matmul(batch, { x, weights: wEnc, layout: 'kn', bias: bEnc });
    const codes = topKRows(batch, { x: p, k: sizes.k });
    batch.release(p, codes.indices, codes.values);
  }),
  ...SIZES.flatMap((group, at) => [
    workload(`sae_1_group_max ${group}`, sizes, (batch, { x, wEnc, bEnc }) => {
      batch.release(saeGroupMax(batch, { x, wEnc, bEnc, group }));
    }),
    workload(`sae_2_topk_groups ${group}`, sizes, (batch, { maxima }) => {
      const codes = topKRows(batch, { x: maxima[at]!, k: sizes.k });
      batch.release(codes.indices, codes.values);
    }),
    workload(`sae_3_rescore ${group}`, sizes, (batch, { x, wEnc, bEnc, chosen }) => {
      batch.release(saeRescoreGroups(batch, { x, wEnc, bEnc, chosen: chosen[at]!, group }));
    }),
    workload(`sae_4_merge ${group}`, sizes, (batch, { p, chosen }) => {
      const best = topKGroupMax(batch, { x: p[at]!, group, sign: 1 });
      const codes = topKGroups(batch, {
        x: p[at]!,
        best,
        chosen: chosen[at]!,
        holds: 'chosen',
        group,
        nCols: sizes.latents,
        k: sizes.k,
        sign: 1,
        relu: true,
      });
      batch.release(best, codes.indices, codes.values);
    }),
  ]),
]);
