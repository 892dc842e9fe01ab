import { gpuCases } from '../../testing/cases.ts';
import { expectClose } from '../../testing/close.ts';
import { roundToFloat16 } from '../../testing/f16.ts';
import { TestRandom } from '../../testing/random.ts';
import type { Gpu } from '../gpu.ts';
import { matmulReference } from '../reference/matmul.ts';
import type { KernelActivation } from './activation-names.ts';
import { type Blocking, matmul } from './matmul.ts';

interface Options {
  layout: 'kn' | 'nk';
  bias?: boolean;
  residual?: boolean;
  activation?: KernelActivation;
  f16?: boolean;
  blocking?: Blocking;
  deviation?: number;
}

async function check(gpu: Gpu, rows: number, k: number, n: number, options: Options): Promise<void> {
  const random = new TestRandom(rows * 31 + k * 7 + n);
  const { layout, activation = 'none', deviation = 1 } = options;
  const x = random.normal(rows * k, deviation);
  const { bits, rounded } = roundToFloat16(random.normal(k * n, deviation));
  const bias = options.bias ? random.normal(n, deviation) : undefined;
  const residual = options.residual ? random.normal(rows * n, deviation) : undefined;
  using xs = gpu.upload(x, [rows, k]);
  using weights = gpu.upload(options.f16 ? bits : rounded, layout === 'kn' ? [k, n] : [n, k]);
  using biases = bias && gpu.upload(bias, [n]);
  using residuals = residual && gpu.upload(residual, [rows, n]);
  const batch = gpu.batch('matmul');
  const y = matmul(batch, {
    x: xs,
    weights,
    layout,
    bias: biases ?? undefined,
    residual: residuals ?? undefined,
    activation,
    blocking: options.blocking,
  });
  const { arrays } = await batch.submit([y]);
  const expected = matmulReference(x, rounded, { rows, k, n, layout }, { bias, activation, residual });
  expectClose(
    arrays[0]!,
    expected,
    { absolute: 2e-6 * deviation ** 2, relative: 2e-6 },
    `${rows}×${k}×${n} ${JSON.stringify(options)}`,
  );
}

export const cases = gpuCases('matmul', {
  'kn, many shapes': async (gpu) => {
    for (const [rows, k, n] of [
      [1, 4, 4],
      [2, 8, 12],
      [3, 36, 108],
      [7, 12, 20],
      [8, 64, 64],
      [9, 192, 36],
      [33, 48, 44],
      [64, 192, 576],
    ] as const) {
      await check(gpu, rows, k, n, { layout: 'kn' });
    }
  },
  'nk, many shapes, any number of columns': async (gpu) => {
    for (const [rows, k, n] of [
      [1, 4, 1],
      [1, 192, 3072],
      [2, 8, 3],
      [3, 36, 61],
      [17, 12, 7],
      [33, 48, 45],
      [20, 64, 131],
    ] as const) {
      await check(gpu, rows, k, n, { layout: 'nk' });
    }
  },
  'packed f16 weights': async (gpu) => {
    await check(gpu, 5, 36, 20, { layout: 'kn', f16: true });
    await check(gpu, 5, 36, 61, { layout: 'nk', f16: true });
    await check(gpu, 1, 64, 8, { layout: 'kn', f16: true });
  },
  'bias, activations and residual are fused in that order': async (gpu) => {
    for (const layout of ['kn', 'nk'] as const) {
      for (const activation of ['none', 'relu', 'gelu', 'gelu_new', 'silu'] as const) {
        await check(gpu, 9, 16, 20, { layout, activation, bias: true, residual: true });
      }
    }
  },
  'every blocking agrees': async (gpu) => {
    for (const blocking of [
      { rows: 1, cols: 1 },
      { rows: 4, cols: 1 },
      { rows: 8, cols: 4 },
      { rows: 4, cols: 4 },
      { rows: 3, cols: 2 },
    ]) {
      await check(gpu, 11, 20, 52, { layout: 'kn', blocking });
      await check(gpu, 11, 20, 53, { layout: 'nk', blocking });
    }
  },
  'large values meet a saturated activation': async (gpu) => {
    await check(gpu, 8, 32, 16, { layout: 'kn', activation: 'gelu_new', deviation: 30 });
    await check(gpu, 8, 32, 16, { layout: 'kn', activation: 'silu', deviation: 30 });
    await check(gpu, 8, 32, 16, { layout: 'nk', activation: 'gelu', deviation: 30 });
  },
});
