import { FacetError } from '../shared/errors.ts';
import { gpuCases } from '../testing/cases.ts';

export const cases = gpuCases('batch', {
  'a result larger than a binding is refused in words, before anything is allocated': async (gpu) => {
    const batch = gpu.batch('large');
    const before = gpu.allocatedBytes;
    let refused: unknown;
    try {
      batch.scratch([gpu.largestTensorBytes / 4 + 1]);
    } catch (thrown) {
      refused = thrown;
    }
    batch.discard();
    if (!(refused instanceof FacetError) || refused.code !== 'limits')
      throw new Error(`got ${String(refused)}`);
    if (gpu.allocatedBytes !== before) throw new Error('something was allocated');
  },
});
