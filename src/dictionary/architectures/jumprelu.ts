import { thresholded } from './thresholded.ts';

/**
 * JumpReLU: f = p where p > threshold and p > 0, else 0.
 * @source Rajamanoharan et al. 2024, arXiv:2407.14435; SAELens `JumpReLUSAE`
 */
export const jumprelu = thresholded('jumprelu', ['b_enc', 'threshold'], (value) => {
  const bias = value('b_enc');
  return { bias, threshold: value('threshold'), scale: 1, shift: bias };
});
