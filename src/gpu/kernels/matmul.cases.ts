import { gpuCases } from '../../testing/cases.ts';
import { expectClose } from '../../testing/close.ts';
import { roundToFloat16, truncateToBfloat16 } from '../../testing/f16.ts';
import { TestRandom } from '../../testing/random.ts';
import type { Gpu } from '../gpu.ts';
import { matmulReference } from '../reference/matmul.ts';
import type { KernelActivation } from './activation-names.ts';
import { runsOn } from '../tune/op.ts';
import { matmul, MATMUL_VARIANTS, matmulSplit, type MatmulVariant } from './matmul.ts';

interface Options {
  layout: 'kn' | 'nk';
  bias?: boolean;
  residual?: boolean;
  activation?: KernelActivation;
  f16?: boolean;
  variant?: MatmulVariant;
  deviation?: number;
}

/** One of each kernel the adapter can run; the others differ in sizes only. */
const variantsOn = (gpu: Gpu): MatmulVariant[] =>
  (['register', 'quad', 'tiled', 'matvec'] as const).filter((id) => runs(gpu, id));
const runs = (gpu: Gpu, id: MatmulVariant): boolean => runsOn(gpu.adapter, matmulSplit(id, 16, 'kn').kernel);

async function check(gpu: Gpu, rows: number, k: number, n: number, options: Options): Promise<void> {
  const random = new TestRandom(rows * 31 + k * 7 + n);
  const { layout, activation = 'none', deviation = 1, variant } = options;
  const x = random.normal(rows * k, deviation);
  const { bits, rounded } = roundToFloat16(random.normal(k * n, deviation));
  const bias = options.bias ? random.normal(n, deviation) : undefined;
  const residual = options.residual ? random.normal(rows * n, deviation) : undefined;
  using xs = gpu.upload(x, [rows, k]);
  using weights = gpu.upload(options.f16 ? bits : rounded, layout === 'kn' ? [k, n] : [n, k]);
  using biases = bias && gpu.upload(bias, [n]);
  using residuals = residual && gpu.upload(residual, [rows, n]);
  const batch = gpu.batch('matmul');
  const y = matmul(batch, { x: xs, weights, layout, bias: biases, residual: residuals, activation, variant });
  const { arrays } = await batch.submit([y]);
  const expected = matmulReference(x, rounded, { rows, k, n, layout }, { bias, activation, residual });
  const what = `${rows}×${k}×${n} ${JSON.stringify(options)}`;
  expectClose(arrays[0]!, expected, { absolute: 2e-6 * deviation ** 2, relative: 2e-6 }, what);
}

async function checkAll(gpu: Gpu, rows: number, k: number, n: number, options: Options): Promise<void> {
  for (const variant of variantsOn(gpu)) await check(gpu, rows, k, n, { ...options, variant });
}

export const cases = gpuCases('matmul', {
  'kn, many shapes': async (gpu) => {
    for (const [rows, k, n] of [
      [1, 4, 4],
      [2, 8, 12],
      [3, 36, 108],
      [4, 20, 64],
      [5, 4, 68],
      [7, 12, 20],
      [8, 64, 64],
      [9, 192, 36],
      [33, 48, 44],
      [65, 68, 132],
    ] as const) {
      await checkAll(gpu, rows, k, n, { layout: 'kn' });
    }
  },
  'nk, many shapes, any number of columns': async (gpu) => {
    for (const [rows, k, n] of [
      [1, 4, 1],
      [2, 8, 3],
      [3, 36, 61],
      [4, 12, 2],
      [6, 20, 65],
      [17, 12, 7],
      [33, 48, 45],
      [20, 64, 131],
    ] as const) {
      await checkAll(gpu, rows, k, n, { layout: 'nk' });
    }
  },
  'shapes of the bundled model': async (gpu) => {
    await check(gpu, 64, 192, 576, { layout: 'kn', bias: true });
    await check(gpu, 1, 192, 3072, { layout: 'nk' });
    await check(gpu, 1, 768, 192, { layout: 'kn', bias: true, residual: true });
  },
  'more columns than one dispatch has workgroups for single ones': (gpu) =>
    check(gpu, 2, 4, 70_001, { layout: 'nk' }),
  'the same kernels with other sizes of tiles': async (gpu) => {
    const known: MatmulVariant[] = variantsOn(gpu);
    const others = (Object.keys(MATMUL_VARIANTS) as MatmulVariant[]).filter((id) => !known.includes(id));
    for (const variant of others.filter((id) => runs(gpu, id))) {
      await check(gpu, 18, 20, 268, { layout: 'kn', bias: true, residual: true, variant });
      await check(gpu, 18, 36, 267, { layout: 'nk', bias: true, residual: true, f16: true, variant });
    }
  },
  'K and N far beyond any tile': async (gpu) => {
    await checkAll(gpu, 17, 4_100, 12, { layout: 'kn' });
    await checkAll(gpu, 2, 516, 2_051, { layout: 'nk' });
  },
  'packed f16 weights': async (gpu) => {
    await checkAll(gpu, 5, 36, 20, { layout: 'kn', f16: true });
    await checkAll(gpu, 5, 36, 61, { layout: 'nk', f16: true });
    await checkAll(gpu, 1, 64, 8, { layout: 'kn', f16: true });
  },
  'packed bf16 weights': async (gpu) => {
    for (const variant of variantsOn(gpu)) {
      const x = new TestRandom(1).normal(11 * 36);
      const { bits, rounded } = truncateToBfloat16(new TestRandom(2).normal(36 * 61));
      using xs = gpu.upload(x, [11, 36]);
      using weights = gpu.upload(bits, [61, 36], 'bf16');
      const batch = gpu.batch('matmul');
      const { arrays } = await batch.submit([matmul(batch, { x: xs, weights, layout: 'nk', variant })]);
      const expected = matmulReference(x, rounded, { rows: 11, k: 36, n: 61, layout: 'nk' });
      expectClose(arrays[0]!, expected, { absolute: 2e-6, relative: 2e-6 }, variant);
    }
  },
  'a soft-cap follows the activation': async (gpu) => {
    for (const variant of variantsOn(gpu)) {
      const [x, w, residual] = [9 * 16, 21 * 16, 9 * 21].map((size) =>
        new TestRandom(size).normal(size, 4),
      ) as [Float32Array<ArrayBuffer>, Float32Array<ArrayBuffer>, Float32Array<ArrayBuffer>];
      using xs = gpu.upload(x, [9, 16]);
      using weights = gpu.upload(w, [21, 16]);
      using residuals = gpu.upload(residual, [9, 21]);
      const batch = gpu.batch('matmul');
      const y = matmul(batch, { x: xs, weights, layout: 'nk', cap: 30, residual: residuals, variant });
      const { arrays } = await batch.submit([y]);
      const expected = matmulReference(x, w, { rows: 9, k: 16, n: 21, layout: 'nk' }, { cap: 30, residual });
      expectClose(arrays[0]!, expected, { absolute: 2e-5 }, variant);
    }
  },
  'a matrix in parts gives the same columns as the whole': async (gpu) => {
    for (const variant of variantsOn(gpu)) {
      const [k, n] = [12, 37];
      const random = new TestRandom(3);
      using xs = gpu.upload(random.normal(6 * k), [6, k]);
      const w = random.normal(n * k);
      using bias = gpu.upload(random.normal(n), [n]);
      using residual = gpu.upload(random.normal(6 * n), [6, n]);
      using weights = gpu.upload(w, [n, k]);
      const batch = gpu.batch('matmul');
      const fused = { x: xs, layout: 'nk', bias, residual, activation: 'gelu', variant } as const;
      const whole = matmul(batch, { ...fused, weights });
      const y = batch.scratch([6, n]);
      const parts = [0, 5, 6, 30, n].map((row, i, rows) => [row, rows[i + 1] ?? row] as const).slice(0, -1);
      for (const [start, end] of parts) {
        const part = gpu.upload(w.slice(start * k, end * k), [end - start, k]);
        matmul(batch, { ...fused, weights: part, into: { y, column: start } });
      }
      const { arrays } = await batch.submit([whole, y]);
      expectClose(arrays[1]!, arrays[0]!, { absolute: 1e-6 }, variant);
    }
  },
  'a sum in place is the sum': async (gpu) => {
    for (const variant of variantsOn(gpu)) {
      const random = new TestRandom(4);
      const [x, w, residual] = [random.normal(9 * 16), random.normal(21 * 16), random.normal(9 * 21)];
      using xs = gpu.upload(x, [9, 16]);
      using weights = gpu.upload(w, [21, 16]);
      using y = gpu.upload(residual, [9, 21]);
      const batch = gpu.batch('matmul');
      const into = { y, column: 0 };
      matmul(batch, { x: xs, weights, layout: 'nk', residual: y, into, variant });
      const { arrays } = await batch.submit([y]);
      const expected = matmulReference(x, w, { rows: 9, k: 16, n: 21, layout: 'nk' }, { residual });
      expectClose(arrays[0]!, expected, { absolute: 1e-5 }, variant);
    }
  },
  'bias, activations and residual are fused in that order': async (gpu) => {
    for (const layout of ['kn', 'nk'] as const) {
      for (const activation of ['none', 'relu', 'gelu', 'gelu_new', 'silu'] as const) {
        await check(gpu, 9, 16, 20, { layout, activation, bias: true, residual: true });
      }
      await checkAll(gpu, 9, 16, 20, { layout, activation: 'gelu', bias: true, residual: true });
      await checkAll(gpu, 3, 16, 20, { layout, bias: true });
      await checkAll(gpu, 3, 16, 20, { layout, residual: true });
    }
    await checkAll(gpu, 9, 16, 21, { layout: 'nk', bias: true, residual: true });
  },
  'large values meet a saturated activation': async (gpu) => {
    await check(gpu, 8, 32, 16, { layout: 'kn', activation: 'gelu_new', deviation: 30 });
    await check(gpu, 8, 32, 16, { layout: 'kn', activation: 'silu', deviation: 30 });
    await check(gpu, 8, 32, 16, { layout: 'nk', activation: 'gelu', deviation: 30 });
    await checkAll(gpu, 8, 32, 16, { layout: 'kn', deviation: 1e4 });
  },
  'what lies beyond the end of a row of weights does not leak into it': async (gpu) => {
    // K is no multiple of a tile's depth: the tile must not mix in the next row, here far larger.
    for (const variant of variantsOn(gpu)) {
      const weights = new Float32Array(2 * 20).fill(1).fill(1e30, 20);
      using xs = gpu.upload(new Float32Array(20).fill(1), [1, 20]);
      using ws = gpu.upload(weights, [2, 20]);
      const batch = gpu.batch('matmul');
      const { arrays } = await batch.submit([matmul(batch, { x: xs, weights: ws, layout: 'nk', variant })]);
      expectClose(arrays[0]!.slice(0, 1), [20], {}, variant);
    }
  },
  'shapes that do not fit are refused': async (gpu) => {
    using xs = gpu.upload(new Float32Array(12), [3, 4]);
    using ws = gpu.upload(new Float32Array(24), [4, 6]);
    const whole = gpu.batch('matmul');
    let message = '';
    try {
      matmul(whole, {
        x: xs,
        weights: ws.reshaped([6, 4]),
        layout: 'nk',
        into: { y: whole.scratch([3, 8]), column: 3 },
      });
    } catch (error) {
      message = String(error);
    }
    whole.discard();
    if (!message.includes('layout')) throw new Error('accepted columns beyond the end');
    for (const [layout, weights] of [
      ['kn', ws],
      ['nk', ws],
      ['kn', ws.reshaped([6, 4])],
    ] as const) {
      const batch = gpu.batch('matmul');
      let refused = '';
      try {
        matmul(batch, { x: xs, weights, layout });
      } catch (error) {
        refused = String(error);
      }
      batch.discard();
      if (!refused.includes('layout')) throw new Error(`accepted ${layout} ${weights.shape.join('×')}`);
    }
  },
});
