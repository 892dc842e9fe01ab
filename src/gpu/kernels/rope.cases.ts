import { gpuCases } from '../../testing/cases.ts';
import { expectClose, expectEqual } from '../../testing/close.ts';
import { TestRandom } from '../../testing/random.ts';
import type { Gpu } from '../gpu.ts';
import { ropeReference } from '../reference/rope.ts';
import { rope } from './rope.ts';

async function check(
  gpu: Gpu,
  shape: { tokens: number; heads: number; dHead: number; half: number; rowStride: number; offset: number },
): Promise<void> {
  const { tokens, heads, dHead, half, rowStride, offset } = shape;
  const random = new TestRandom(tokens + dHead);
  const wide = random.normal(tokens * rowStride);
  const table = new Float32Array(tokens * half * 2);
  for (let i = 0; i < table.length; i += 2) {
    const angle = 7 * random.next();
    table.set([Math.cos(angle), Math.sin(angle)], i);
  }
  using tensor = gpu.upload(wide, [tokens, rowStride]);
  using turns = gpu.upload(table, [tokens, half, 2]);
  const batch = gpu.batch('rope');
  rope(batch, { x: { tensor, rowStride, offset }, table: turns, heads, dHead });
  const { arrays } = await batch.submit([tensor]);
  const width = heads * dHead;
  const inside = (all: ArrayLike<number>): number[] =>
    Array.from(
      { length: tokens * width },
      (_, i) => all[Math.floor(i / width) * rowStride + offset + (i % width)]!,
    );
  const what = JSON.stringify(shape);
  expectClose(inside(arrays[0]!), ropeReference(inside(wide), table, shape), { absolute: 1e-6 }, what);
  const outside = (all: ArrayLike<number>): number[] =>
    Array.from(all).filter((_, i) => i % rowStride < offset || i % rowStride >= offset + width);
  expectEqual(outside(arrays[0]!), outside(wide), `beside the heads, ${what}`);
}

export const cases = gpuCases('rope', {
  'whole heads, parts of heads, heads inside a wider matrix': async (gpu) => {
    await check(gpu, { tokens: 1, heads: 1, dHead: 4, half: 2, rowStride: 4, offset: 0 });
    await check(gpu, { tokens: 7, heads: 3, dHead: 12, half: 6, rowStride: 36, offset: 0 });
    await check(gpu, { tokens: 7, heads: 3, dHead: 12, half: 1, rowStride: 60, offset: 8 });
    await check(gpu, { tokens: 33, heads: 5, dHead: 16, half: 2, rowStride: 80, offset: 0 });
    await check(gpu, { tokens: 3, heads: 2, dHead: 256, half: 128, rowStride: 520, offset: 4 });
  },
  'more tokens than one dispatch axis holds': (gpu) =>
    check(gpu, { tokens: 70_000, heads: 1, dHead: 4, half: 1, rowStride: 4, offset: 0 }),
});
