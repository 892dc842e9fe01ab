import { fitPeriod } from '../period.ts';
import { type PairMask, rowByRow } from '../pair-mask.ts';
import type { AttentionPattern } from '../pattern.ts';

/** The own stretch of the text, and the last keys of every stretch. */
export const fixed: AttentionPattern = {
  id: 'fixed',
  title: 'Fixed',
  description:
    'The text is cut into stretches. Every token reads its own stretch up to itself, the last tokens of every period before it, which can sum up what came there, and the first token. A budget sets stretch and period together, in whole blocks, as alike as it allows and no stretch below two blocks.',
  source: 'Sparse Transformer: Child et al. 2019, arXiv:1904.10509, section 4.3 (there both are one number)',
  looksAt: 'positions',
  sizedBy: 'period',
  parameters: [
    { id: 'period', title: 'Period', about: 'Tokens between the ends that everyone reads.', integer: true, least: 1, most: 65_536, usual: 32 },
    { id: 'local', title: 'Stretch', about: 'Tokens of a stretch; a budget sets it too.', integer: true, least: 1, most: 65_536, usual: 32 },
    { id: 'summary', title: 'Summary', about: 'Last tokens of a period that everyone reads.', integer: true, least: 1, most: 1_024, usual: 4 },
  ], // oxfmt-ignore
  build(input, { period = 1, local = 1, summary = 1 }, budget) {
    const far = (every: number): PairMask =>
      rowByRow(input, (mask, row, t) => {
        for (let end = every; end <= t; end += every) mask.add(row, Math.max(0, end - summary), end);
        mask.add(row, 0);
      });
    const near = (size: number): PairMask =>
      rowByRow(input, (mask, row, t) => mask.add(row, t - (t % size), t + 1));
    return budget === undefined
      ? near(local).join(far(period))
      : fitPeriod(input, budget, { least: 2, far, near });
  },
};
