import { everything } from '../pair-mask.ts';
import type { AttentionPattern } from '../pattern.ts';

/** Dense attention: every earlier key and the token itself, as far as the layer's own window lets it. */
export const causal: AttentionPattern = {
  id: 'causal',
  title: 'Dense causal',
  description: 'Every token reads all tokens before it and itself.',
  source: 'Vaswani et al. 2017, arXiv:1706.03762',
  looksAt: 'positions',
  parameters: [],
  build: (input) => everything(input),
};
