import { FacetError } from '../shared/errors.ts';
import { gpuCases } from '../testing/cases.ts';
import { expectEqual } from '../testing/close.ts';
import { add } from './kernels/add.ts';

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
  'what was asked of the device is counted': async (gpu) => {
    gpu.trim();
    gpu.resetPeak();
    const before = { ...gpu.counters, bytes: gpu.allocatedBytes };
    const batch = gpu.batch('counted');
    const given = batch.input(new Float32Array(256).fill(2), [16, 16]);
    const large = batch.scratch([1024]);
    batch.release(large);
    const again = batch.scratch([1024]);
    const sum = add(batch, { a: given, b: given });
    batch.copy(sum, again, { size: 64 });
    await batch.submit([sum]);
    gpu.trim();
    const { counters } = gpu;
    expectEqual(
      [
        counters.submissions - before.submissions,
        counters.readbacks - before.readbacks,
        counters.dispatches - before.dispatches,
        counters.bytesWritten - before.bytesWritten,
        counters.bytesRead - before.bytesRead,
        counters.bytesMoved - before.bytesMoved,
        counters.flops - before.flops,
      ],
      [1, 1, 1, 1024, 1024, 3 * 1024 + 2 * 64, 256],
      'counters',
    );
    // Input, one scratch of 4 KiB used twice, the sum; WebGPU reads through a staging buffer of its own.
    const staged = gpu.backend === 'webgpu' ? 1 : 0;
    expectEqual([counters.buffersCreated - before.buffersCreated], [3 + staged], 'buffers');
    expectEqual([gpu.peakBytes - before.bytes], [1024 + 4096 + 1024 + 1024 * staged], 'peak');
    expectEqual([gpu.allocatedBytes], [before.bytes], 'bytes after trimming');
    gpu.resetPeak();
    expectEqual([gpu.peakBytes], [gpu.allocatedBytes], 'peak after it was reset');
  },
});
