import { gpuCases } from '../../testing/cases.ts';
import { expectEqual } from '../../testing/close.ts';
import { TestRandom } from '../../testing/random.ts';
import type { Gpu } from '../gpu.ts';
import { saeGatherActiveReference } from '../reference/sae_gather_active.ts';
import { saeCountActive } from './sae_count_active.ts';
import { saeGatherActive } from './sae_gather_active.ts';

interface Input {
  nTok: number;
  nLatents: number;
  room: number;
  /** Of [T, F] and [F, 4]: by token, latent and part. */
  p(t: number, f: number): number;
  gate(f: number): [number, number, number, number];
  /** Rows of p taken at a time. */
  step?: number;
  segment?: number;
}

/** No sum of these inputs is rounded, so what is found must be exactly the reference's. */
async function check(gpu: Gpu, input: Input): Promise<void> {
  const { nTok, nLatents, room, step = nTok, segment } = input;
  const width = Math.ceil(nLatents / 4) * 4;
  const gates = Float32Array.from(Array.from({ length: nLatents }, (_, f) => input.gate(f)).flat());
  const plain = Float32Array.from({ length: nTok * nLatents }, (_, i) =>
    input.p(Math.floor(i / nLatents), i % nLatents),
  );
  using gateTensor = gpu.upload(gates, [nLatents, 4]);
  const batch = gpu.batch('sae_gather_active');
  const into = {
    indices: batch.scratch([nTok, room], 'u32'),
    values: batch.scratch([nTok, room]),
    totals: batch.scratch([nTok], 'u32'),
  };
  for (let firstRow = 0; firstRow < nTok; firstRow += step) {
    const rows = Math.min(step, nTok - firstRow);
    // The columns beyond the last latent hold what would be active if it counted.
    const part = new Float32Array(rows * width).fill(1e6);
    for (let t = 0; t < rows; t++)
      part.set(plain.subarray((firstRow + t) * nLatents, (firstRow + t + 1) * nLatents), t * width);
    const p = batch.input(part, [rows, width]);
    const counts = saeCountActive(batch, { p, gates: gateTensor, segment });
    saeGatherActive(batch, { p, gates: gateTensor, counts, segment, into, firstRow });
    batch.release(counts);
  }
  const { arrays } = await batch.submit([into.indices, into.values, into.totals]);
  const expected = saeGatherActiveReference(plain, gates, room);
  expectEqual(arrays[2]!, expected.totals, 'totals');
  expectEqual(arrays[0]!, expected.indices, 'indices');
  expectEqual(arrays[1]!, expected.values, 'values');
}

const relu = (): [number, number, number, number] => [0, 0, 1, 0];

export const cases = gpuCases('sae_gather_active', {
  'whole numbers of many sizes, in one part and in several': async (gpu) => {
    const random = new TestRandom(5);
    const half = (): number => (random.integer(13) - 6) / 2;
    for (const [nTok, nLatents, room, step, segment] of [
      [1, 1, 1, 1, 256],
      [5, 7, 7, 2, 4],
      [9, 258, 300, 4, 256],
      [33, 1030, 512, 33, 64],
      [2, 131_072, 70_000, 1, 256],
    ] as const) {
      const gates = Array.from(
        { length: nLatents },
        () => [half(), half(), half(), half()] as [number, number, number, number],
      );
      await check(gpu, { nTok, nLatents, room, step, segment, p: half, gate: (f) => gates[f]! });
    }
  },
  'a threshold that is met exactly is not passed': (gpu) =>
    check(gpu, { nTok: 4, nLatents: 600, room: 600, p: (t, f) => (f + t) % 3, gate: () => [1, 2, 1, 1] }),
  'nothing active, everything active, one at either end': async (gpu) => {
    const size = { nTok: 3, nLatents: 700, room: 700, gate: relu };
    await check(gpu, { ...size, p: () => 0 });
    await check(gpu, { ...size, p: () => -1 });
    await check(gpu, { ...size, p: () => 2 });
    await check(gpu, { ...size, p: (t, f) => (f === 0 || f === 699 ? t + 1 : -1) });
  },
  'more active than there is room: the count says so, and nothing is written beyond': async (gpu) => {
    await check(gpu, { nTok: 5, nLatents: 900, room: 64, p: (t, f) => (f % (t + 1) ? -1 : 1), gate: relu });
    await check(gpu, { nTok: 2, nLatents: 900, room: 1, p: () => 1, gate: relu });
  },
  'infinities and NaN': (gpu) =>
    check(gpu, {
      nTok: 2,
      nLatents: 300,
      room: 300,
      p: (_, f) => [NaN, -Infinity, 3e38, 1e-37, -0][f % 5]!,
      gate: relu,
    }),
});
