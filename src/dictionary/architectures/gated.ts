import { thresholded } from './thresholded.ts';

/**
 * Gated, with w = s · W_enc: f = max(w · exp(r_mag) + b_mag, 0) where w + b_gate > 0, else 0.
 * @source Rajamanoharan et al. 2024, arXiv:2404.16014; SAELens `GatedSAE`
 */
export const gated = thresholded('gated', ['b_gate', 'r_mag', 'b_mag'], (value) => ({
  bias: value('b_gate'),
  threshold: 0,
  scale: Math.exp(value('r_mag')),
  shift: value('b_mag'),
}));
