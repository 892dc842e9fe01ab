import { blocksOf } from '../budget.ts';
import { reachable, sinksAndDiagonal } from '../pair-mask.ts';
import type { AttentionPattern } from '../pattern.ts';

/** The blocks that really hold the most attention: what no method that must guess can beat. */
export const blockOracle: AttentionPattern = {
  id: 'block-oracle',
  title: 'Block oracle',
  description:
    'The blocks that hold the most of the true attention, wherever they are, besides the first block and the own one. It must compute all of attention to know them, so it saves nothing: it is the bound for the others.',
  source: 'The ground truth of SeerAttention: Gao et al. 2024, arXiv:2410.13276',
  looksAt: 'pattern',
  sizedBy: 'mass',
  parameters: [
    { id: 'mass', title: 'Mass', about: 'Share of the attention to keep, of all rows together.', integer: false, least: 0, most: 1, usual: 0.95 },
  ], // oxfmt-ignore
  build(input, { mass = 1 }, budget) {
    const { nQueries, nKeys } = input;
    const pattern = input.pattern!;
    const mask = sinksAndDiagonal(input);
    const others: { queryBlock: number; block: number; mass: number }[] = [];
    let [kept, count] = [0, 0];
    for (let queryBlock = 0; queryBlock < mask.queryBlocks; queryBlock++) {
      const [first, last] = reachable(mask, queryBlock);
      const own = new Set(mask.blocksOf(queryBlock));
      count += own.size;
      for (let block = first; block <= last; block++) {
        let sum = 0;
        const end = Math.min((block + 1) * input.blockSize, nKeys);
        for (const row of mask.rowsOf(queryBlock))
          for (let s = block * input.blockSize; s < end; s++) sum += pattern[row * nKeys + s]!;
        if (own.has(block)) kept += sum;
        else others.push({ queryBlock, block, mass: sum });
      }
    }
    others.sort((a, b) => b.mass - a.mass || a.queryBlock - b.queryBlock || a.block - b.block);
    const most = budget === undefined ? Infinity : blocksOf(input, budget);
    for (const { queryBlock, block, mass: more } of others) {
      if (budget === undefined ? kept >= mass * nQueries : count >= most) break;
      mask.addBlock(queryBlock, block);
      kept += more;
      count += 1;
    }
    return mask;
  },
};
