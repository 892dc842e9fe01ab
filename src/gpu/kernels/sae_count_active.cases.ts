import { gpuCases } from '../../testing/cases.ts';
import { expectEqual } from '../../testing/close.ts';
import { TestRandom } from '../../testing/random.ts';
import type { Gpu } from '../gpu.ts';
import { saeCountActiveReference } from '../reference/sae_count_active.ts';
import { saeCountActive } from './sae_count_active.ts';

/** Whole numbers and halves, which f32 adds and multiplies exactly: counts must be the reference's. */
async function check(gpu: Gpu, nTok: number, nLatents: number, segment: number): Promise<void> {
  const random = new TestRandom(nLatents + segment);
  const width = Math.ceil(nLatents / 4) * 4;
  const half = (): number => (random.integer(13) - 6) / 2;
  const p = Float32Array.from({ length: nTok * width }, (_, i) => (i % width < nLatents ? half() : 1e6));
  const gates = Float32Array.from({ length: 4 * nLatents }, half);
  using ps = gpu.upload(p, [nTok, width]);
  using gateTensor = gpu.upload(gates, [nLatents, 4]);
  const batch = gpu.batch('sae_count_active');
  const { arrays } = await batch.submit([saeCountActive(batch, { p: ps, gates: gateTensor, segment })]);
  const own = p.filter((_, i) => i % width < nLatents);
  expectEqual(arrays[0]!, saeCountActiveReference(own, gates, segment), `${nTok}×${nLatents} by ${segment}`);
}

export const cases = gpuCases('sae_count_active', {
  'whole numbers, many of them at the threshold': async (gpu) => {
    for (const [nTok, nLatents, segment] of [
      [1, 1, 256],
      [3, 7, 4],
      [9, 255, 256],
      [5, 257, 256],
      [300, 1030, 100],
      [2, 131_072, 256],
    ] as const) {
      await check(gpu, nTok, nLatents, segment);
    }
  },
});
