import { fitPeriod } from '../period.ts';
import { type PairMask, rowByRow } from '../pair-mask.ts';
import type { AttentionPattern } from '../pattern.ts';

/** The nearest keys, and every n-th one before them. */
export const strided: AttentionPattern = {
  id: 'strided',
  title: 'Strided',
  description:
    'Every token reads the nearest tokens, further back the tokens at multiples of the stride, and the first token. A budget sets window and stride together, as alike as it allows and no window below one block besides the own one. They are whole blocks then: a stride shorter than a block would visit every block.',
  source: 'Sparse Transformer: Child et al. 2019, arXiv:1904.10509, section 4.3 (there both are one number)',
  looksAt: 'positions',
  sizedBy: 'stride',
  parameters: [
    { id: 'stride', title: 'Stride', about: 'Distance, in tokens, between the tokens read further back.', integer: true, least: 1, most: 65_536, usual: 32 },
    { id: 'local', title: 'Window', about: 'Nearest tokens that are all read, the token itself included; a budget sets it too.', integer: true, least: 1, most: 65_536, usual: 32 },
  ], // oxfmt-ignore
  build(input, { stride = 1, local = 1 }, budget) {
    const far = (period: number): PairMask =>
      rowByRow(input, (mask, row, t) => {
        for (let s = t; s >= 0; s -= period) mask.add(row, s);
        mask.add(row, 0);
      });
    const near = (size: number): PairMask =>
      rowByRow(input, (mask, row, t) => mask.add(row, Math.max(0, t - size + 1), t + 1));
    // As in the paper a window of l is the token itself and the l before it: for l whole blocks, that many are visited.
    return budget === undefined
      ? near(local).join(far(stride))
      : fitPeriod(input, budget, { least: 1, far, near: (size) => near(size + 1) });
  },
};
