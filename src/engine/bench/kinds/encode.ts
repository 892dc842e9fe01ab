import { saeEncodeTopK } from '../../../gpu/kernels/sae_encode_topk.ts';
import { wrong } from '../agree.ts';
import { disposing, type Prepare } from '../prepared.ts';
import { dictionaryTensors, residualStream, tensorValues } from '../workloads.ts';

/** Rows whose every latent is computed plainly; of all others, those that were kept. */
const WHOLE_ROWS = 16;
/** Pre-activations are sums of 768 products of about 0.02 each. */
const CLOSE = 1e-4;

/** TopK encoding: the k largest pre-activations of each token, then ReLU. */
export const encode: Prepare<'encode'> = async (context, { tokens, dIn, dSae, k }) => {
  const { gpu, pause } = context;
  const { W_enc, b_enc } = dictionaryTensors(dIn, dSae);
  const [wEnc, bEnc] = [await context.tensor(W_enc), await context.tensor(b_enc)];
  const values = residualStream(tokens, dIn);
  const x = await gpu.uploadWeights(values, [tokens, dIn]);
  const whole = new Set(
    Array.from({ length: Math.min(WHOLE_ROWS, tokens) }, (_, i) =>
      Math.round((i * (tokens - 1)) / Math.max(1, Math.min(WHOLE_ROWS, tokens) - 1)),
    ),
  );
  return {
    checked: `every value kept, and of ${whole.size} of the tokens every latent, against plain 64-bit arithmetic`,
    record(batch) {
      const { indices, values: kept } = saeEncodeTopK(batch, { x, wEnc, bEnc, k });
      return [indices, kept];
    },
    async check([indices, kept]) {
      const [weights, bias] = [tensorValues(W_enc), tensorValues(b_enc)];
      for (let t = 0; t < tokens; t++) {
        const row = values.subarray(t * dIn, (t + 1) * dIn);
        const own = Array.from({ length: k }, (_, i) => [indices![t * k + i]!, kept![t * k + i]!] as const);
        const chosen = new Set(own.map(([latent]) => latent));
        if (chosen.size !== k || own.some(([latent]) => latent >= dSae))
          throw wrong(`token ${t} does not keep ${k} different latents`);
        let before = Infinity;
        for (const [latent, value] of own) {
          const expected = preActivation(row, weights, bias, latent, dSae);
          if (!(Math.abs(value - expected) <= CLOSE))
            throw wrong(`latent ${latent} of token ${t} is ${value}, not ${expected}`);
          if (!(value <= before)) throw wrong(`the latents of token ${t} are out of order`);
          before = value;
        }
        if (!whole.has(t)) continue;
        await pause();
        const missed = preActivations(row, weights, bias, dSae).findIndex(
          (value, latent) => value > before + CLOSE && !chosen.has(latent),
        );
        if (missed >= 0) throw wrong(`token ${t} leaves out latent ${missed}`);
      }
    },
    [Symbol.dispose]: disposing(x),
  };
};

function preActivation(
  x: Float32Array,
  weights: Float32Array,
  bias: Float32Array,
  latent: number,
  dSae: number,
): number {
  let sum = bias[latent]!;
  for (let i = 0; i < x.length; i++) sum += x[i]! * weights[i * dSae + latent]!;
  return sum;
}

function preActivations(
  x: Float32Array,
  weights: Float32Array,
  bias: Float32Array,
  dSae: number,
): Float64Array {
  const sums = Float64Array.from(bias);
  for (let i = 0; i < x.length; i++) {
    const [factor, from] = [x[i]!, i * dSae];
    for (let latent = 0; latent < dSae; latent++) sums[latent]! += factor * weights[from + latent]!;
  }
  return sums;
}
