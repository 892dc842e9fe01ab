import {
  DECODE_VARIANTS,
  type DecodeVariant,
  saeDecodeSparse,
  saeDecodeSparseKernel,
  usualDecode,
} from '../../kernels/sae_decode_sparse.ts';
import type { WeightDType } from '../../tensor.ts';
import type { Asked } from '../choices.ts';
import { noise, noiseWeights } from '../noise.ts';
import { MOST_NUMBERS, type TunedOp } from '../op.ts';

interface DecodeAsked {
  rows: number;
  k: number;
  d: number;
  weights: WeightDType;
}
const read = (asked: Asked): DecodeAsked => asked as unknown as DecodeAsked;

/** What kept features give back. */
export const decodeOp: TunedOp = {
  id: 'decode',
  kernels: [saeDecodeSparseKernel],
  candidates(adapter) {
    const usual = usualDecode(adapter);
    return [usual, ...Object.keys(DECODE_VARIANTS).filter((id) => id !== usual)];
  },
  plan: (id, asked) => ({
    kernel: saeDecodeSparseKernel,
    variant: { weights: read(asked).weights, overrides: DECODE_VARIANTS[id as DecodeVariant] },
  }),
  example(gpu, asked) {
    const { rows: all, k, d, weights } = read(asked);
    const rows = Math.min(all, 1_024);
    const latents = Math.max(1, Math.min(16_384, Math.floor(MOST_NUMBERS / d)));
    const kept = Uint32Array.from({ length: rows * k }, (_, i) => (i * 7_919) % latents);
    const indices = gpu.upload(kept, [rows, k]);
    const values = gpu.upload(noise(rows * k, 3), [rows, k]);
    const wDec = noiseWeights(gpu, [latents, d], weights);
    const bDec = gpu.upload(noise(d, 5), [d]);
    return {
      record: (batch, variant) =>
        saeDecodeSparse(batch, { indices, values, wDec, bDec, variant: variant as DecodeVariant }),
      [Symbol.dispose]() {
        for (const tensor of [indices, values, wDec, bDec]) tensor.dispose();
      },
    };
  },
};
