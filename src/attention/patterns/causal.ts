import type { AttentionPattern } from '../pattern.ts';
import { maskFromRule } from '../rule-mask.ts';

/** Dense causal attention: every earlier key and the token itself. */
export const causal: AttentionPattern = {
  id: 'causal',
  title: 'Dense causal',
  description: 'Every token reads all tokens before it and itself.',
  build: (shape) => maskFromRule(shape, { window: 0, sinks: 0 }),
};
