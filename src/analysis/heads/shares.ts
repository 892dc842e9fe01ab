import { normsOfRows } from '../../dictionary/decoder-norms.ts';
import type { Dictionary } from '../../dictionary/dictionary.ts';
import { parseHook } from '../../model/hooks.ts';
import type { Transformer } from '../../model/transformer.ts';
import { FacetError } from '../../shared/errors.ts';
import type { Turn } from './rows.ts';

/**
 * How each latent's decoder row is spread over the heads of a layer.
 * @returns the layer, and [d_sae · H] ‖W_dec[i, h]‖ / Σ_h' ‖W_dec[i, h']‖, 0 for rows of zeros
 * @throws FacetError `bad-input` for a dictionary that does not write hook_z
 * @source Kissane et al. 2024, arXiv:2406.17759, "attribution by decoder weight"
 */
export async function headShares(
  { gpu, config: { nHeads }, config }: Transformer,
  { hookOut, headIndex, dSae, wDec }: Dictionary,
  turn: Turn,
): Promise<{ layer: number; shares: Float32Array }> {
  const { layer, hook } = parseHook(hookOut, config);
  if (layer === undefined || hook !== 'attn.hook_z') {
    throw new FacetError('bad-input', `What this dictionary writes, "${hookOut}", is not made of heads.`, {
      hint: 'Choose a dictionary on hook_z.',
    });
  }
  const pieces = headIndex === undefined ? nHeads : 1;
  const { arrays } = await turn(() => {
    const batch = gpu.batch('shares of heads');
    return batch.submit([normsOfRows(batch, wDec, pieces)]);
  });
  const shares = new Float32Array(dSae * nHeads);
  for (let latent = 0; latent < dSae; latent++) {
    const norms = arrays[0]!.subarray(latent * pieces, (latent + 1) * pieces);
    let sum = 0;
    for (const norm of norms) sum += norm;
    if (sum > 0)
      for (let i = 0; i < pieces; i++) shares[latent * nHeads + (headIndex ?? i)] = norms[i]! / sum;
  }
  return { layer, shares };
}
