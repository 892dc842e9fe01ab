import { gpuCases } from '../../testing/cases.ts';
import { expectEqual } from '../../testing/close.ts';
import { TestRandom } from '../../testing/random.ts';
import type { Gpu } from '../gpu.ts';
import { saeGroupArgmaxReference } from '../reference/sae_group_argmax.ts';
import { saeGroupArgmax } from './sae_group_argmax.ts';

/** Whole numbers are added exactly, so latents and values must be the reference's. */
async function check(
  gpu: Gpu,
  nTok: number,
  nLatents: number,
  k: number,
  value: (i: number) => number,
): Promise<void> {
  const width = Math.ceil(nLatents / 4) * 4;
  const p = Float32Array.from({ length: nTok * width }, (_, i) => (i % width < nLatents ? value(i) : 1e6));
  const bEnc = Float32Array.from({ length: nLatents }, (_, f) => (f % 3) - 1);
  using bias = gpu.upload(bEnc, [nLatents]);
  const batch = gpu.batch('sae_group_argmax');
  const into = { indices: batch.scratch([nTok, k], 'u32'), values: batch.scratch([nTok, k]) };
  const half = Math.ceil(nTok / 2);
  for (const [from, to] of [
    [0, half],
    [half, nTok],
  ] as const) {
    if (from === to) continue;
    const part = batch.input(p.slice(from * width, to * width), [to - from, width]);
    saeGroupArgmax(batch, { p: part, bEnc: bias, into, firstRow: from });
  }
  const { arrays } = await batch.submit([into.indices, into.values]);
  const own = p.filter((_, i) => i % width < nLatents);
  const expected = saeGroupArgmaxReference(own, bEnc, k);
  expectEqual(arrays[0]!, expected.indices, `latents of ${nTok}×${nLatents}, k ${k}`);
  expectEqual(arrays[1]!, expected.values, `values of ${nTok}×${nLatents}, k ${k}`);
}

export const cases = gpuCases('sae_group_argmax', {
  'whole numbers with many ties': async (gpu) => {
    const random = new TestRandom(3);
    for (const [nTok, nLatents, k] of [
      [1, 1, 1],
      [2, 6, 3],
      [7, 39, 13],
      [33, 1152, 32],
      [3, 36_864, 32],
    ] as const) {
      await check(gpu, nTok, nLatents, k, () => random.integer(9) - 4);
    }
  },
  'nothing above zero is padding, groups of one keep what is': async (gpu) => {
    await check(gpu, 4, 60, 5, () => -2);
    await check(gpu, 4, 60, 60, (i) => (i % 2) - 1);
    await check(gpu, 2, 60, 5, (i) => (i % 7 === 0 ? NaN : (i % 5) - 2));
  },
});
