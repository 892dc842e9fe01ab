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
  'nothing of a batch that failed is used again, kept tensors neither': async (gpu) => {
    gpu.trim();
    const before = gpu.allocatedBytes;
    const batch = gpu.batch('fails');
    const [from, to] = [batch.scratch([64]), batch.scratch([128])];
    const kept = batch.keep(to);
    batch.copy(from, to, { size: 2 ** 20 });
    const thrown: unknown = await batch.submit([from]).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (!(thrown instanceof FacetError) || thrown.code !== 'bug') throw new Error(`got ${String(thrown)}`);
    kept.dispose();
    if (gpu.allocatedBytes !== before) throw new Error(`${gpu.allocatedBytes - before} bytes are pooled`);
  },
});
