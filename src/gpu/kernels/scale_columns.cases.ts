import { gpuCases } from '../../testing/cases.ts';
import { expectClose } from '../../testing/close.ts';
import { TestRandom } from '../../testing/random.ts';
import { scaleColumnsReference } from '../reference/scale_columns.ts';
import { scaleColumns } from './scale_columns.ts';

export const cases = gpuCases('scale_columns', {
  'many sizes, centred or not': async (gpu) => {
    for (const [rows, d, mean] of [
      [1, 4, 0],
      [17, 36, 5],
      [33, 192, -1000],
    ] as const) {
      const x = new Float32Array(new TestRandom(rows).normal(rows * d).map((value) => value + mean));
      const gain = new TestRandom(d).normal(d);
      using xs = gpu.upload(x, [rows, d]);
      using gains = gpu.upload(gain, [d]);
      const batch = gpu.batch('scale');
      const { arrays } = await batch.submit(
        [true, false].map((centre) => scaleColumns(batch, { x: xs, gain: gains, centre })),
      );
      const tolerance = { absolute: 1e-6 + 1e-6 * Math.abs(mean), relative: 1e-6 };
      expectClose(arrays[0]!, scaleColumnsReference(x, gain, true), tolerance, `centred ${rows}×${d}`);
      expectClose(arrays[1]!, scaleColumnsReference(x, gain, false), tolerance, `${rows}×${d}`);
    }
  },
});
