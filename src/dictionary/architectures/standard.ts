import { thresholded } from './thresholded.ts';

/**
 * ReLU: f = max(p, 0).
 * @source Bricken et al. 2023, "Towards Monosemanticity"; SAELens `StandardSAE`
 */
export const standard = thresholded('standard', ['b_enc'], (value) => {
  const bias = value('b_enc');
  return { bias, threshold: 0, scale: 1, shift: bias };
});
