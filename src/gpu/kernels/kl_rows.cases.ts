import { gpuCases } from '../../testing/cases.ts';
import { expectClose, expectEqual } from '../../testing/close.ts';
import { TestRandom } from '../../testing/random.ts';
import type { Gpu } from '../gpu.ts';
import { klRowsReference } from '../reference/kl_rows.ts';
import { klRows } from './kl_rows.ts';
import { logProbGather } from './log_prob_gather.ts';

async function run(gpu: Gpu, p: Float32Array<ArrayBuffer>, q: Float32Array<ArrayBuffer>, nCols: number) {
  using ps = gpu.upload(p, [p.length / nCols, nCols]);
  using qs = gpu.upload(q, [q.length / nCols, nCols]);
  const batch = gpu.batch('kl_rows');
  const [nRows] = ps.shape;
  const sums = [ps, qs].map(
    (logits) => logProbGather(batch, { logits, targets: batch.input(new Uint32Array(nRows!), [nRows!]) }).lse,
  );
  const given = klRows(batch, { p: ps, q: qs, lse: { p: sums[0], q: sums[1] } });
  const { arrays } = await batch.submit([klRows(batch, { p: ps, q: qs }), given]);
  const kl = arrays[0]!;
  expectEqual(arrays[1]!, kl, 'with sums that are there already');
  if (kl.some((value) => !(value >= 0))) throw new Error(`negative divergence among ${[...kl].join(' ')}`);
  return kl;
}

export const cases = gpuCases('kl_rows', {
  'random rows of many sizes': async (gpu) => {
    for (const [rows, cols] of [
      [1, 1],
      [3, 2],
      [2, 63],
      [4, 65],
      [9, 1000],
      [2, 50257],
    ] as const) {
      const p = new TestRandom(cols).normal(rows * cols, 3);
      const q = new TestRandom(cols + 1).normal(rows * cols, 3);
      expectClose(await run(gpu, p, q, cols), klRowsReference(p, q, cols), {
        absolute: 1e-6,
        relative: 2e-5,
      });
    }
  },
  'equal rows, and rows equal up to a shift, diverge by nothing': async (gpu) => {
    const p = new TestRandom(4).normal(3 * 500, 3);
    expectClose(await run(gpu, p, p, 500), [0, 0, 0], { absolute: 1e-9 });
    // Shifting by 8 rounds logits by up to 5e-7, which moves KL by about its square.
    expectClose(
      await run(
        gpu,
        p,
        p.map((value) => value + 8),
        500,
      ),
      [0, 0, 0],
      { absolute: 1e-9 },
    );
  },
  'a small divergence keeps its digits': async (gpu) => {
    const p = new TestRandom(5).normal(400, 2);
    const noise = new TestRandom(6).normal(400, 1e-3);
    const q = p.map((value, i) => value + noise[i]!);
    const expected = klRowsReference(p, q, 400);
    expectClose(await run(gpu, p, q, 400), expected, { relative: 5e-3 });
  },
  'forbidden tokens': async (gpu) => {
    const p = Float32Array.of(0, 1, -Infinity, -Infinity, 2, 0, 1, 3);
    const q = Float32Array.of(0, 1, -Infinity, 5, 2, 0, 1, -Infinity);
    const expected = klRowsReference(p, q, 4);
    const actual = await run(gpu, p, q, 4);
    expectClose(actual.slice(0, 1), expected.slice(0, 1), { relative: 1e-5 });
    expectEqual(actual.slice(1), [Infinity]);
  },
  'logits far from zero and far apart': async (gpu) => {
    const p = Float32Array.of(1000, -1000, 0, 80, 0, -80);
    const q = Float32Array.of(-1000, 1000, 0, 0, 0, 0);
    expectClose(await run(gpu, p, q, 3), klRowsReference(p, q, 3), { relative: 1e-5 });
  },
});
