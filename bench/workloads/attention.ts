import { maskFromRule } from '../../src/attention/rule-mask.ts';
import { attention } from '../../src/gpu/kernels/attention.ts';
import { TestRandom } from '../../src/testing/random.ts';
import type { Workload } from '../workload.ts';

export const workloads: Workload[] = (
  [
    [64, 6, 32],
    [64, 12, 64],
    [256, 12, 64],
  ] as const
).flatMap(([length, nHeads, dHead]) =>
  (['register', 'workgroup'] as const).map((variant): Workload => ({
    name: `attention T ${length}, ${nHeads} heads of ${dHead}, causal ${variant}`,
    prepare(gpu) {
      const width = nHeads * dHead;
      const tensor = gpu.upload(new TestRandom(length).normal(length * 3 * width), [length, 3 * width]);
      const shape = { nHeads, nKvHeads: nHeads, dHead, nQueries: length, nKeys: length, queryOffset: 0 };
      const mask = maskFromRule({ ...shape, blockSize: 16 }, { window: 0, sinks: 0 });
      const view = (part: number) => ({ tensor, rowStride: 3 * width, offset: part * width });
      return {
        // Visible pairs only: half the square and the diagonal.
        flops: 4 * nHeads * dHead * ((length * (length + 1)) / 2),
        record(batch) {
          const { z, lse } = attention(batch, {
            variant,
            ...shape,
            q: view(0),
            k: view(1),
            v: view(2),
            scale: dHead ** -0.5,
            mask,
          });
          batch.release(z, lse);
        },
        [Symbol.dispose]() {
          tensor.dispose();
        },
      };
    },
  })),
);
