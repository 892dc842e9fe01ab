import { matmul } from '../../../gpu/kernels/matmul.ts';
import { wrong } from '../agree.ts';
import { disposing, type Prepare } from '../prepared.ts';
import { seededValues, seedOf } from '../seeded.ts';
import { dictionaryTensors, residualStream, tensorValues } from '../workloads.ts';

/** Of a sum over all latents of values of about 0.3, each within 1e-5 or so. */
const CLOSE = 5e-3;

/** x · W_enc + b_enc, stored in full: what encoding is compared with. */
export const encoderMatmul: Prepare<'encoder-matmul'> = async (context, { tokens, dIn, dSae }) => {
  const { gpu, pause } = context;
  const { W_enc, b_enc } = dictionaryTensors(dIn, dSae);
  const [weights, bias] = [await context.tensor(W_enc), await context.tensor(b_enc)];
  const values = residualStream(tokens, dIn);
  const x = await gpu.uploadWeights(values, [tokens, dIn]);
  return {
    checked: 'every row summed under random weights, which x · (W r) + b · r gives without the product',
    record: (batch) => [matmul(batch, { x, weights, layout: 'kn', bias })],
    /** @source Freivalds 1977, “Probabilistic machines can use less running time” */
    async check([y]) {
      const r = seededValues(seedOf('check'), dSae, { centre: 1, scale: 0.5 });
      const w = tensorValues(W_enc);
      const wr = new Float64Array(dIn);
      for (let i = 0; i < dIn; i++) {
        wr[i] = dotAt(w, i * dSae, r, dSae);
        if (i % 128 === 0) await pause();
      }
      const br = dotAt(tensorValues(b_enc), 0, r, dSae);
      for (let t = 0; t < tokens; t++) {
        const [actual, expected] = [dotAt(y!, t * dSae, r, dSae), br + dotAt(values, t * dIn, wr, dIn)];
        if (!(Math.abs(actual - expected) <= CLOSE))
          throw wrong(`the sum over row ${t} is ${actual}, not ${expected}`);
      }
    },
    [Symbol.dispose]: disposing(x),
  };
};

function dotAt(a: ArrayLike<number>, from: number, b: ArrayLike<number>, count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += a[from + i]! * b[i]!;
  return sum;
}
