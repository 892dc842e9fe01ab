import { saeDecodeSparse } from '../../../gpu/kernels/sae_decode_sparse.ts';
import { saeDecodeSparseReference } from '../../../gpu/reference/sae_decode_sparse.ts';
import { mustAgree } from '../agree.ts';
import { disposing, type Prepare } from '../prepared.ts';
import { dictionaryTensors, sparseCodes, tensorValues } from '../workloads.ts';

/** The decoder rows of what each token keeps, summed. */
export const decode: Prepare<'decode'> = async (context, { tokens, dIn, dSae, k }) => {
  const { gpu } = context;
  const { W_dec, b_dec } = dictionaryTensors(dIn, dSae);
  const [wDec, bDec] = [await context.tensor(W_dec), await context.tensor(b_dec)];
  const codes = sparseCodes({ tokens, dSae, k });
  const [indices, values] = [gpu.upload(codes.indices, [tokens, k]), gpu.upload(codes.values, [tokens, k])];
  return {
    checked: 'every value against plain 64-bit arithmetic',
    record: (batch) => [saeDecodeSparse(batch, { indices, values, wDec, bDec })],
    async check([xHat]) {
      // Only the rows that are used, one after the other: making all of W_dec again takes longer than everything else.
      const rows = new Float32Array(codes.indices.length * dIn);
      codes.indices.forEach((latent, at) =>
        rows.set(tensorValues(W_dec, latent * dIn, (latent + 1) * dIn), at * dIn),
      );
      const own = codes.indices.map((_, at) => at);
      const expected = saeDecodeSparseReference(own, codes.values, rows, tensorValues(b_dec), k);
      mustAgree('the reconstruction', xHat!, expected, 1e-5);
    },
    [Symbol.dispose]: disposing(indices, values),
  };
};
