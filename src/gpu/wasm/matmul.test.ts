import { setFlagsFromString } from 'node:v8';
import { describe, expect, test } from 'vitest';
import { expectClose } from '../../testing/close.ts';
import { roundToFloat16, truncateToBfloat16 } from '../../testing/f16.ts';
import { TestRandom } from '../../testing/random.ts';
import { ACTIVATION_NUMBERS, type KernelActivation } from '../kernels/activation-names.ts';
import { matmulReference } from '../reference/matmul.ts';
import { displace, place, withScratch } from '../../testing/wasm-place.ts';
import { DTYPES, loadWasm, type Wasm } from './index.ts';

setFlagsFromString('--experimental-wasm-relaxed-simd');

interface Options {
  layout?: 'kn' | 'nk';
  dtype?: keyof typeof DTYPES;
  bias?: boolean;
  residual?: boolean;
  activation?: KernelActivation;
  cap?: number;
  deviation?: number;
  /** Columns of y before and after. */
  around?: readonly [number, number];
}

function check(wasm: Wasm, rows: number, k: number, n: number, options: Options = {}): void {
  const random = new TestRandom(rows * 31 + k * 7 + n);
  const { layout = 'kn', dtype = 'f32', activation = 'none', cap = 0, deviation = 1 } = options;
  const [before, after] = options.around ?? [0, 0];
  const width = before + n + after;
  const x = random.normal(rows * k, deviation);
  const w = random.normal(k * n, deviation);
  const packed = { f32: { bits: w, rounded: w }, f16: roundToFloat16(w), bf16: truncateToBfloat16(w) }[dtype];
  const bias = options.bias ? random.normal(width, deviation) : undefined;
  const residual = options.residual ? random.normal(rows * width, deviation) : undefined;
  const pointers = [x, packed.bits, bias, residual].map((data) => (data ? place(wasm, data) : 0));
  const [xs, ws, biases, residuals] = pointers as [number, number, number, number];
  const y = place(wasm, new Float32Array(rows * width).fill(12_345));
  withScratch(wasm, wasm.matmulScratch(rows, k), (scratch) =>
    wasm.matmul(
      ...([
        xs,
        ws,
        DTYPES[dtype],
        layout === 'nk' ? 1 : 0,
        rows,
        k,
        n,
        biases,
        residuals,
        y,
        width,
        before,
      ] as const),
      ACTIVATION_NUMBERS[activation],
      cap,
      scratch,
    ),
  );
  const whole = new Float32Array(wasm.memory.buffer, y, rows * width);
  const columns = (row: number, all: Float32Array): Float32Array =>
    all.subarray(row * width + before, row * width + before + n);
  const inside = new Float32Array(rows * n);
  for (let row = 0; row < rows; row++) inside.set(columns(row, whole), row * n);
  const expected = matmulReference(
    x,
    packed.rounded,
    { rows, k, n, layout },
    {
      activation,
      cap,
      bias: bias?.subarray(before, before + n),
      residual:
        residual &&
        Float32Array.from({ length: rows * n }, (_, i) => columns(Math.floor(i / n), residual)[i % n]!),
    },
  );
  const what = `${rows}×${k}×${n} ${JSON.stringify(options)}`;
  expectClose(inside, expected, { absolute: 2e-6 * deviation ** 2, relative: 2e-6 }, what);
  const outside = whole.filter((_, i) => i % width < before || i % width >= before + n);
  expect(
    outside.every((value) => value === 12_345),
    `${what}: wrote outside its columns`,
  ).toBe(true);
  for (const pointer of [...pointers.filter(Boolean), y]) displace(wasm, pointer);
}

describe.each(['plain', 'relaxed'] as const)('matmul of the %s build', async (simd) => {
  const wasm = await loadWasm(simd);

  test('many shapes in every layout and element type', () => {
    const shapes = [
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
    ] as const;
    for (const dtype of ['f32', 'f16', 'bf16'] as const) {
      for (const [rows, k, n] of shapes) {
        check(wasm, rows, k, n, { dtype });
        for (const odd of [1, 2, 3, 4]) check(wasm, rows, k, n - odd + 1, { dtype, layout: 'nk' });
      }
    }
  });

  test('shapes of models', () => {
    check(wasm, 64, 192, 576, { bias: true });
    check(wasm, 1, 192, 3072, { layout: 'nk' });
    check(wasm, 1, 768, 192, { bias: true, residual: true });
    check(wasm, 1, 12, 40_000);
    check(wasm, 17, 1536, 100);
  });

  test('bias, activation, cap and residual in that order, in columns of a wider result', () => {
    const around = [3, 2] as const;
    for (const layout of ['kn', 'nk'] as const) {
      for (const rows of [1, 2, 9]) {
        for (const activation of ['none', 'relu', 'gelu', 'gelu_new', 'silu'] as const) {
          check(wasm, rows, 16, 20, { layout, activation, bias: true, residual: true });
          check(wasm, rows, 16, 20, { layout, activation, bias: true, residual: true, around, cap: 3 });
        }
        check(wasm, rows, 16, 20, { layout, bias: true, around });
        check(wasm, rows, 16, 20, { layout, residual: true, around });
      }
    }
    for (const n of [17, 18, 19]) check(wasm, 6, 16, n, { layout: 'nk', bias: true, residual: true, around });
  });

  test('what is added may be what is written', () => {
    for (const rows of [1, 3, 6]) {
      for (const nk of [0, 1]) {
        const [x, w, before] = [rows * 12, 12 * 20, rows * 20].map((size) =>
          new TestRandom(size).normal(size),
        );
        const y = place(wasm, before!);
        withScratch(wasm, wasm.matmulScratch(rows, 12), (scratch) =>
          wasm.matmul(place(wasm, x!), place(wasm, w!), 0, nk, rows, 12, 20, 0, y, y, 20, 0, 0, 0, scratch),
        );
        const shape = { rows, k: 12, n: 20, layout: nk ? 'nk' : 'kn' } as const;
        const expected = matmulReference(x!, w!, shape, { residual: before! });
        expectClose(new Float32Array(wasm.memory.buffer, y, rows * 20), expected, { absolute: 1e-5 });
      }
    }
  });

  test('large values meet a saturated activation', () => {
    for (const activation of ['gelu', 'gelu_new', 'silu', 'none'] as const) {
      for (const rows of [1, 8]) check(wasm, rows, 32, 16, { activation, deviation: 30 });
      check(wasm, 8, 32, 16, { activation, deviation: 1e4 });
    }
  });

  test('what lies beyond a row of weights or beyond the rows of x does not leak in', () => {
    for (const rows of [1, 4, 5]) {
      const x = place(wasm, new Float32Array(rows * 20 + 40).fill(1).fill(1e30, rows * 20));
      const w = place(wasm, new Float32Array(2 * 20).fill(1).fill(1e30, 20));
      const y = place(wasm, new Float32Array(rows));
      wasm.matmul(x, w, 0, 1, rows, 20, 1, 0, 0, y, 1, 0, 0, 0, wasm.alloc(wasm.matmulScratch(rows, 20)));
      expect([...new Float32Array(wasm.memory.buffer, y, rows)]).toEqual(
        Array.from({ length: rows }, () => 20),
      );
    }
  });

  test('every f16 and bf16 number is widened exactly, infinities too; NaN is not finite', () => {
    const bits = Uint16Array.from({ length: 65_536 }, (_, i) => i);
    const words = place(wasm, bits);
    const f16 = new Float32Array(65_536);
    const meant = { f16, bf16: new Float32Array(Uint32Array.from(bits, (half) => half * 65_536).buffer) };
    bits.forEach((half, i) => {
      const [sign, exponent, fraction] = [half >> 15 ? -1 : 1, (half >> 10) & 31, half & 1023];
      if (exponent === 31) f16[i] = sign * Infinity;
      else f16[i] = sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : fraction * 2 ** -24);
    });
    for (const dtype of ['f16', 'bf16'] as const) {
      // One row of one weight a column, through the path for one row and that for many.
      const x = Float32Array.from({ length: 16 }, (_, i) => (i % 4 ? 0 : 1));
      const ones = place(wasm, x);
      for (const rows of [1, 4]) {
        const y = place(wasm, new Float32Array(rows * 65_536));
        const spread = place(
          wasm,
          Uint16Array.from({ length: 4 * 65_536 }, (_, i) => (i % 4 ? 0 : bits[i / 4]!)),
        );
        const scratch = wasm.alloc(wasm.matmulScratch(rows, 4));
        wasm.matmul(ones, spread, DTYPES[dtype], 1, rows, 4, 65_536, 0, 0, y, 65_536, 0, 0, 0, scratch);
        const found = new Float32Array(wasm.memory.buffer, y, 65_536);
        bits.forEach((half, i) => {
          if (!Object.is(found[i]! + 0, meant[dtype][i]! + 0))
            throw new Error(`${dtype} ${half}: ${found[i]}`);
        });
      }
    }
    displace(wasm, words);
  });
});
