import { gpuCases } from '../../testing/cases.ts';
import { expectClose } from '../../testing/close.ts';
import { TestRandom } from '../../testing/random.ts';
import type { Gpu } from '../gpu.ts';
import { rowScaleReference } from '../reference/row_scale.ts';
import { ROW_SCALES, rowScale, type RowScaleKind } from './row_scale.ts';

const KINDS = Object.keys(ROW_SCALES) as RowScaleKind[];

async function check(gpu: Gpu, x: Float32Array<ArrayBuffer>, d: number): Promise<void> {
  using tensor = gpu.upload(x, [x.length / d, d]);
  for (const kind of KINDS) {
    for (const centre of [false, true]) {
      const batch = gpu.batch('row_scale');
      const { arrays } = await batch.submit([rowScale(batch, { x: tensor, kind, centre })]);
      const expected = rowScaleReference(x, d, kind, centre);
      // Shift, scale in and scale back differ by orders of magnitude: each is judged by itself.
      for (const part of [0, 1, 2, 3]) {
        const own = (values: ArrayLike<number>): number[] =>
          Array.from(values).filter((_, i) => i % 4 === part);
        const what = `${kind}${centre ? ' centred' : ''} part ${part}`;
        expectClose(own(arrays[0]!), own(expected), { relative: 1e-5, absolute: 1e-30 }, what);
      }
    }
  }
}

export const cases = gpuCases('row_scale', {
  'random rows of many sizes': async (gpu) => {
    for (const [rows, d] of [
      [1, 4],
      [17, 12],
      [130, 192],
      [5, 768],
    ] as const) {
      await check(gpu, new TestRandom(d).normal(rows * d), d);
      await check(
        gpu,
        new TestRandom(d).normal(rows * d).map((value) => value + 30),
        d,
      );
    }
  },
  'rows of zeros, of one value, and of large ones': async (gpu) => {
    await check(gpu, new Float32Array(24), 8);
    await check(gpu, new Float32Array(24).fill(3), 8);
    await check(gpu, new TestRandom(2).normal(3 * 16, 1e16), 16);
  },
});
