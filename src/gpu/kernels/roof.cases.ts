import { gpuCases } from '../../testing/cases.ts';
import { expectClose, expectEqual } from '../../testing/close.ts';
import { TestRandom } from '../../testing/random.ts';
import { fmaChainReference } from '../reference/fma_chain.ts';
import { streamCopyReference } from '../reference/stream_copy.ts';
import { fmaChain } from './fma_chain.ts';
import { streamCopy } from './stream_copy.ts';

export const cases = gpuCases('kernels the roof is measured with', {
  'a copy is a copy, also over more than one row of workgroups': async (gpu) => {
    for (const size of [1, 5, 64, 1023, 70_000 * 4]) {
      const values = new TestRandom(size).normal(size);
      using x = gpu.upload(values, [size]);
      using y = gpu.tensor([size]);
      const batch = gpu.batch('copy');
      streamCopy(batch, { x, into: y });
      const { arrays } = await batch.submit([y]);
      expectEqual(arrays[0]!, streamCopyReference(values), `${size}`);
    }
  },
  'every chain takes every step': async (gpu) => {
    for (const size of [1, 6, 300])
      for (const chains of [1, 2, 4, 8] as const)
        for (const steps of [0, 1, 7, 60]) {
          const values = new TestRandom(size).normal(size);
          using x = gpu.upload(values, [size]);
          const how = { steps, chains, factor: 0.996_093_75, term: 0.25 };
          const batch = gpu.batch('chains');
          const { arrays } = await batch.submit([fmaChain(batch, { x, ...how })]);
          expectClose(arrays[0]!, fmaChainReference(values, how), { relative: 2e-5 }, `${chains} × ${steps}`);
        }
  },
});
