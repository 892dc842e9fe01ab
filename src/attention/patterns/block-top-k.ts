import { allot, bestBlocks } from '../budget.ts';
import { PairMask } from '../pair-mask.ts';
import type { AttentionPattern, HeadInput } from '../pattern.ts';

/**
 * Upper bound of q·k over the keys of each block, from their least and greatest value in each dimension.
 * @returns [nQueries, key blocks]
 * @source Tang et al. 2024, arXiv:2406.10774, section 3.3
 */
function bounds({ nQueries, nKeys, blockSize, heads }: HeadInput): Float64Array {
  const { q, k, dHead } = heads!;
  const blocks = Math.ceil(nKeys / blockSize);
  const least = new Float64Array(blocks * dHead).fill(Infinity);
  const greatest = new Float64Array(blocks * dHead).fill(-Infinity);
  for (let s = 0; s < nKeys; s++) {
    const at = Math.floor(s / blockSize) * dHead;
    for (let i = 0; i < dHead; i++) {
      const value = k[s * dHead + i]!;
      least[at + i] = Math.min(least[at + i]!, value);
      greatest[at + i] = Math.max(greatest[at + i]!, value);
    }
  }
  const found = new Float64Array(nQueries * blocks);
  for (let row = 0; row < nQueries; row++) {
    for (let block = 0; block < blocks; block++) {
      let sum = 0;
      for (let i = 0; i < dHead; i++) {
        const value = q[row * dHead + i]!;
        sum += value * (value < 0 ? least[block * dHead + i]! : greatest[block * dHead + i]!);
      }
      found[row * blocks + block] = sum;
    }
  }
  return found;
}

/** Key blocks whose pooled keys promise the highest scores. */
export const blockTopK: AttentionPattern = {
  id: 'block-top-k',
  title: 'Block top-k by pooled keys',
  description:
    'For each block of queries the blocks of keys with the highest possible score, judged by each block’s least and greatest key values and averaged over the queries, besides the first block and the own one.',
  source: 'Quest: Tang et al. 2024, arXiv:2406.10774 (there one query at a time)',
  looksAt: 'queries-and-keys',
  sizedBy: 'blocks',
  parameters: [
    { id: 'blocks', title: 'Blocks', about: 'Blocks of keys that each block of queries visits.', integer: true, least: 1, most: 65_536, usual: 4 },
  ], // oxfmt-ignore
  build(input, { blocks = 1 }, budget) {
    const mask = new PairMask(input);
    const bound = bounds(input);
    const counts = budget === undefined ? undefined : allot(input, budget);
    for (let queryBlock = 0; queryBlock < mask.queryBlocks; queryBlock++) {
      const rows = mask.rowsOf(queryBlock);
      const mean = (block: number): number =>
        rows.reduce((sum, row) => sum + bound[row * mask.keyBlocks + block]!, 0) / rows.length;
      for (const block of bestBlocks(mask, queryBlock, counts?.[queryBlock] ?? blocks, mean))
        mask.addBlock(queryBlock, block);
    }
    return mask;
  },
};
