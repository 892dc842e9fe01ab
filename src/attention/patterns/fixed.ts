import { fitPeriod } from '../period.ts';
import { PairMask } from '../pair-mask.ts';
import type { AttentionPattern } from '../pattern.ts';

/** The own stretch of the text, and the last keys of every stretch. */
export const fixed: AttentionPattern = {
  id: 'fixed',
  title: 'Fixed',
  description:
    'The text is cut into stretches. Every token reads its own stretch up to itself, and the last tokens of every period before it, which can sum up what came there, and the first token of the text. Under a budget the period grows until what is left over is the stretch.',
  source: 'Sparse Transformer: Child et al. 2019, arXiv:1904.10509, section 4.3 (there both are one number)',
  looksAt: 'positions',
  sizedBy: 'period',
  parameters: [
    { id: 'period', title: 'Period', about: 'Tokens between the ends that everyone reads.', integer: true, least: 1, most: 65_536, usual: 32 },
    { id: 'local', title: 'Stretch', about: 'Tokens of a stretch.', integer: true, least: 1, most: 65_536, usual: 32 },
    { id: 'summary', title: 'Summary', about: 'Last tokens of a period that everyone reads.', integer: true, least: 1, most: 1_024, usual: 4 },
  ], // prettier-ignore
  build(input, { period = 1, local = 1, summary = 1 }, budget) {
    const make = (every: number, near: number): PairMask => {
      const mask = new PairMask(input);
      for (let row = 0; row < input.nQueries; row++) {
        const t = row + input.queryOffset;
        for (let end = every; end <= t; end += every) mask.add(row, Math.max(0, end - summary), end);
        mask.add(row, t - (t % near), t + 1);
        mask.add(row, 0);
      }
      return mask;
    };
    return budget === undefined
      ? make(period, local)
      : fitPeriod(input, budget, (every, near) =>
          make(every, input.blockSize * Math.ceil(near / input.blockSize)),
        );
  },
};
