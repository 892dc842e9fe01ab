import { fitSize } from '../budget.ts';
import { type PairMask, rowByRow } from '../pair-mask.ts';
import type { AttentionPattern } from '../pattern.ts';

/** The nearest keys and the first few. */
export const slidingWindow: AttentionPattern = {
  id: 'sliding-window',
  title: 'Sliding window with sinks',
  description: 'Every token reads the nearest tokens before it, itself, and the first tokens of the text.',
  source: 'StreamingLLM: Xiao et al. 2023, arXiv:2309.17453',
  looksAt: 'positions',
  sizedBy: 'window',
  parameters: [
    { id: 'window', title: 'Window', about: 'Tokens in the window, the token itself included.', integer: true, least: 1, most: 65_536, usual: 64 },
    { id: 'sinks', title: 'Sinks', about: 'Tokens at the start that every token reads.', integer: true, least: 0, most: 1_024, usual: 4 },
  ], // oxfmt-ignore
  build(input, { window = 1, sinks = 0 }, budget) {
    const make = (size: number): PairMask =>
      rowByRow(input, (mask, row, t) => {
        mask.add(row, 0, sinks);
        mask.add(row, Math.max(0, t - size + 1), t + 1);
      });
    return budget === undefined
      ? make(window)
      : fitSize(input, budget, input.nKeys, (size) => make(Math.max(1, size)));
  },
};
