import {
  matmul,
  MATMUL_VARIANTS,
  matmulMatvecKernel,
  matmulQuadKernel,
  matmulRegisterKernel,
  matmulSplit,
  matmulTiledKernel,
  type MatmulVariant,
  usualMatmul,
} from '../../kernels/matmul.ts';
import type { WeightDType } from '../../tensor.ts';
import type { Asked } from '../choices.ts';
import { noise, noiseWeights } from '../noise.ts';
import { MOST_NUMBERS, runsOn, type TunedOp } from '../op.ts';

interface MatmulAsked {
  rows: number;
  k: number;
  n: number;
  layout: 'kn' | 'nk';
  weights: WeightDType;
}
const read = (asked: Asked): MatmulAsked => asked as unknown as MatmulAsked;

export const matmulOp: TunedOp = {
  id: 'matmul',
  kernels: [matmulRegisterKernel, matmulQuadKernel, matmulTiledKernel, matmulMatvecKernel],
  candidates(adapter, asked) {
    const { rows, layout } = read(asked);
    const usual = usualMatmul(adapter, rows);
    const others = (Object.keys(MATMUL_VARIANTS) as MatmulVariant[]).filter((id) => {
      const { kernel, tile } = matmulSplit(id, rows, layout);
      // A row a workgroup is for few rows, tiles much taller than what there is are for none.
      const fits = kernel === matmulMatvecKernel ? rows <= 8 : tile[0] <= 8 * rows;
      return id !== usual && fits && runsOn(adapter, kernel);
    });
    return [usual, ...others];
  },
  plan(id, asked) {
    const { rows, layout, weights } = read(asked);
    const { kernel, overrides } = matmulSplit(id as MatmulVariant, rows, layout);
    return { kernel, variant: { weights, overrides } };
  },
  example(gpu, asked) {
    const { rows: all, k, n: whole, layout, weights: dtype } = read(asked);
    const rows = Math.min(all, 1_024);
    // The columns left are a multiple of four if all of them were.
    const n = Math.min(whole, Math.max(1_024, Math.floor(MOST_NUMBERS / k / 4) * 4));
    const x = gpu.upload(noise(rows * k, 3), [rows, k]);
    const weights = noiseWeights(gpu, layout === 'kn' ? [k, n] : [n, k], dtype);
    return {
      record: (batch, variant) => matmul(batch, { x, weights, layout, variant: variant as MatmulVariant }),
      [Symbol.dispose]() {
        x.dispose();
        weights.dispose();
      },
    };
  },
};
