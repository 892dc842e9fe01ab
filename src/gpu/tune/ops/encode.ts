import {
  GROUP_MAX_VARIANTS,
  type GroupMaxVariant,
  groupMaxSplit,
  type GroupSize,
  saeGroupMax,
  saeGroupMaxKernel,
  saeGroupMaxQuadKernel,
  saeGroupMaxTiledKernel,
  usualGroupMax,
} from '../../kernels/sae_group_max.ts';
import type { WeightDType } from '../../tensor.ts';
import type { Asked } from '../choices.ts';
import { noise, noiseWeights } from '../noise.ts';
import { MOST_NUMBERS, runsOn, type TunedOp } from '../op.ts';

interface EncodeAsked {
  rows: number;
  k: number;
  n: number;
  group: GroupSize;
  weights: WeightDType;
}
const read = (asked: Asked): EncodeAsked => asked as unknown as EncodeAsked;

/** The encoder matmul of TopK dictionaries, which is nearly all the time they take. */
export const encodeOp: TunedOp = {
  id: 'encode',
  kernels: [saeGroupMaxKernel, saeGroupMaxQuadKernel, saeGroupMaxTiledKernel],
  candidates(adapter, asked) {
    const { rows, group } = read(asked);
    const usual = usualGroupMax(adapter, rows);
    const others = (Object.keys(GROUP_MAX_VARIANTS) as GroupMaxVariant[]).filter((id) => {
      const { kernel, tile } = groupMaxSplit(id, rows, group);
      return id !== usual && tile[0] <= 8 * rows && runsOn(adapter, kernel);
    });
    return [usual, ...others];
  },
  plan(id, asked) {
    const { rows, group, weights } = read(asked);
    const { kernel, overrides } = groupMaxSplit(id as GroupMaxVariant, rows, group);
    return { kernel, variant: { weights, overrides } };
  },
  example(gpu, asked) {
    const { rows: all, k, n: whole, group, weights } = read(asked);
    const rows = Math.min(all, 1_024);
    const n = Math.min(whole, Math.max(1_024, Math.floor(MOST_NUMBERS / k / 4) * 4));
    const x = gpu.upload(noise(rows * k, 3), [rows, k]);
    const wEnc = noiseWeights(gpu, [k, Math.ceil(n / 4) * 4], weights);
    const bEnc = gpu.upload(noise(n, 5), [n]);
    return {
      record: (batch, variant) =>
        saeGroupMax(batch, { x, wEnc, bEnc, group, variant: variant as GroupMaxVariant }),
      [Symbol.dispose]() {
        x.dispose();
        wEnc.dispose();
        bEnc.dispose();
      },
    };
  },
};
