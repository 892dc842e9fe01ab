import { gpuCases } from '../../testing/cases.ts';
import { expectClose } from '../../testing/close.ts';
import { TestRandom } from '../../testing/random.ts';
import { rescaleRowsReference } from '../reference/rescale_rows.ts';
import { rescaleRows } from './rescale_rows.ts';

export const cases = gpuCases('rescale_rows', {
  'in with and without a row, and back': async (gpu) => {
    for (const [rows, d] of [
      [1, 4],
      [9, 36],
      [300, 260],
    ] as const) {
      const random = new TestRandom(d);
      const x = random.normal(rows * d);
      const scales = random.normal(rows * 4);
      const row = random.normal(d);
      using tensor = gpu.upload(x, [rows, d]);
      using scaleTensor = gpu.upload(scales, [rows, 4]);
      using rowTensor = gpu.upload(row, [d]);
      const given = { x: tensor, scales: scaleTensor };
      const batch = gpu.batch('rescale_rows');
      const { arrays } = await batch.submit([
        rescaleRows(batch, given),
        rescaleRows(batch, { ...given, row: rowTensor }),
        rescaleRows(batch, { ...given, back: true }),
      ]);
      expectClose(arrays[0]!, rescaleRowsReference(x, scales, d, {}), { relative: 1e-6 }, 'in');
      expectClose(arrays[1]!, rescaleRowsReference(x, scales, d, { row }), { relative: 1e-6 }, 'in, row');
      expectClose(arrays[2]!, rescaleRowsReference(x, scales, d, { back: true }), { relative: 1e-6 }, 'back');
    }
  },
});
