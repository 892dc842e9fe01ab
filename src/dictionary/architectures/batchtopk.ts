import type { Architecture } from './architecture.ts';
import { jumprelu } from './jumprelu.ts';

/**
 * BatchTopK, also Matryoshka: chosen over a whole batch in training, by one threshold for all latents afterwards.
 * @source Bussmann et al. 2024, arXiv:2412.06410; dictionary_learning `BatchTopKSAE`
 */
export const batchtopk: Architecture = { ...jumprelu, id: 'batchtopk' };
