import { fitPeriod } from '../period.ts';
import { PairMask } from '../pair-mask.ts';
import type { AttentionPattern } from '../pattern.ts';

/** The nearest keys, and every n-th one before them. */
export const strided: AttentionPattern = {
  id: 'strided',
  title: 'Strided',
  description:
    'Every token reads the nearest tokens, further back those at distances that are multiples of the stride, and the first token of the text. Under a budget the stride grows until what is left over is the window.',
  source: 'Sparse Transformer: Child et al. 2019, arXiv:1904.10509, section 4.3 (there both are one number)',
  looksAt: 'positions',
  sizedBy: 'stride',
  parameters: [
    { id: 'stride', title: 'Stride', about: 'Distance, in tokens, between the tokens read further back.', integer: true, least: 1, most: 65_536, usual: 32 },
    { id: 'local', title: 'Window', about: 'Nearest tokens that are all read, the token itself included.', integer: true, least: 1, most: 65_536, usual: 32 },
  ], // prettier-ignore
  build(input, { stride = 1, local = 1 }, budget) {
    const make = (period: number, near: number): PairMask => {
      const mask = new PairMask(input);
      for (let row = 0; row < input.nQueries; row++) {
        const t = row + input.queryOffset;
        for (let s = t; s >= 0; s -= period) mask.add(row, s);
        mask.add(row, Math.max(0, t - near + 1), t + 1);
        mask.add(row, 0);
      }
      return mask;
    };
    return budget === undefined ? make(stride, local) : fitPeriod(input, budget, make);
  },
};
