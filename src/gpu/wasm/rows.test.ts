import { setFlagsFromString } from 'node:v8';
import { describe, test } from 'vitest';
import { expectClose } from '../../testing/close.ts';
import { TestRandom } from '../../testing/random.ts';
import { place } from '../../testing/wasm-place.ts';
import { ACTIVATION_NUMBERS, type KernelActivation } from '../kernels/activation-names.ts';
import { activationReference } from '../reference/activation.ts';
import { layerNormReference } from '../reference/layer_norm.ts';
import { loadWasm } from './index.ts';

setFlagsFromString('--experimental-wasm-relaxed-simd');

const CLOSE = { absolute: 2e-6, relative: 1e-6 };

describe.each(['plain', 'relaxed'] as const)('rows of the %s build', async (simd) => {
  const wasm = await loadWasm(simd);
  const read = (pointer: number, count: number): Float32Array =>
    new Float32Array(wasm.memory.buffer, pointer, count);
  const room = (count: number): number => place(wasm, new Float32Array(count).fill(9));

  test('LayerNorm, far from zero and of equal values too', () => {
    for (const [rows, d, mean] of [
      [1, 4, 0],
      [7, 36, 3],
      [3, 768, 1000],
    ] as const) {
      const random = new TestRandom(d);
      const x = random.normal(rows * d).map((value) => value + mean);
      x.fill(5, 0, d);
      const [gain, bias] = [random.normal(d), random.normal(d)];
      const [y, scale] = [room(rows * d), room(rows)];
      wasm.layerNorm(place(wasm, x), place(wasm, gain), place(wasm, bias), y, scale, rows, d, 1e-5);
      const expected = layerNormReference(x, gain, bias, 1e-5);
      expectClose(read(y, rows * d), expected.y, { absolute: mean > 100 ? 1e-4 : 3e-6, relative: 1e-6 });
      expectClose(read(scale, rows), expected.scale, CLOSE);
    }
  });

  test('RMSNorm of rows and of heads inside wider rows, of values whose squares overflow', () => {
    for (const [tokens, heads, d, before, size] of [
      [5, 1, 36, 0, 1],
      [3, 4, 8, 12, 1],
      [2, 2, 16, 4, 1e30],
      [2, 1, 16, 0, 1e-12],
    ] as const) {
      const random = new TestRandom(d);
      const stride = before + heads * d + 4;
      const x = random.normal(tokens * stride, size);
      const gain = random.normal(d);
      const [y, scale] = [room(tokens * heads * d), room(tokens * heads)];
      const rows = tokens * heads;
      wasm.rmsNorm(place(wasm, x) + 4 * before, stride, heads, place(wasm, gain), y, scale, rows, d, 1e-6);
      const row = (r: number): Float64Array => {
        const start = Math.floor(r / heads) * stride + before + (r % heads) * d;
        return Float64Array.from(x.subarray(start, start + d));
      };
      const scales = Float64Array.from({ length: rows }, (_, r) =>
        Math.sqrt(row(r).reduce((sum, value) => sum + (value * value) / d, 1e-6)),
      );
      expectClose(read(scale, rows), scales, { relative: 1e-6 });
      const expected = Float64Array.from({ length: rows * d }, (_, i) => {
        const r = Math.floor(i / d);
        return (row(r)[i % d]! / scales[r]!) * gain[i % d]!;
      });
      expectClose(read(y, rows * d), expected, CLOSE);
    }
  });

  test('activations over all they meet, alone and times another matrix', () => {
    const x = Float32Array.from({ length: 4000 }, (_, i) => ((i - 2000) / 40) * (i % 7 === 0 ? 1e-3 : 1));
    x.set([0, -0, 1e-30, -1e-30, 3e38, -3e38, 88, -88, 1e4, -1e4, 700, -700], 4);
    const up = new TestRandom(1).normal(4000);
    for (const activation of Object.keys(ACTIVATION_NUMBERS) as KernelActivation[]) {
      const kind = ACTIVATION_NUMBERS[activation];
      const y = room(4000);
      const at = place(wasm, x);
      wasm.activateRows(at, 40, 0, 0, y, 100, 40, kind);
      const expected = Float64Array.from(x, (value) => activationReference(value, activation));
      expectClose(read(y, 16), expected.subarray(0, 16), CLOSE, activation);
      expectClose(read(y, 4000).subarray(16), expected.subarray(16), { absolute: 3e-6 }, activation);
      // 50 rows of 20 columns out of 40, times other columns.
      wasm.activateRows(at + 4 * 20, 40, place(wasm, up), 40, y, 100, 20, kind);
      const gated = Float64Array.from({ length: 2000 }, (_, i) => {
        const first = Math.floor(i / 20) * 40 + (i % 20);
        return expected[first + 20]! * up[first]!;
      });
      expectClose(read(y, 2000), gated, { absolute: 1e-5, relative: 1e-6 }, `gated ${activation}`);
    }
  });

  test('sums, rotations and log-sum-exp', () => {
    const random = new TestRandom(3);
    const [a, b] = [random.normal(36), random.normal(36)];
    const y = room(36);
    wasm.addValues(place(wasm, a), place(wasm, b), y, 36);
    expectClose(
      read(y, 36),
      a.map((value, i) => value + b[i]!),
      {},
    );

    const [nTok, heads, dHead, half, stride, start] = [3, 2, 12, 4, 40, 8] as const;
    const x = random.normal(nTok * stride);
    const table = random.normal(nTok * half * 2);
    const at = place(wasm, x);
    wasm.rotate(at, place(wasm, table), nTok, heads, dHead, half, stride, start);
    const turned = Float64Array.from(x);
    for (let t = 0; t < nTok; t++) {
      for (let pair = 0; pair < heads * half; pair++) {
        const i = t * stride + start + Math.floor(pair / half) * dHead + (pair % half);
        const [cos, sin] = [
          table[2 * (t * half + (pair % half))]!,
          table[2 * (t * half + (pair % half)) + 1]!,
        ];
        turned[i] = x[i]! * cos - x[i + half]! * sin;
        turned[i + half] = x[i + half]! * cos + x[i]! * sin;
      }
    }
    expectClose(read(at, x.length), turned, CLOSE);

    for (const [nRows, nCols, deviation, shift] of [
      [3, 1, 1, 0],
      [2, 3, 5, 1e4],
      [4, 1027, 30, -500],
      [1, 50_257, 0.01, 0],
    ] as const) {
      const logits = random.normal(nRows * nCols, deviation).map((value) => value + shift);
      const out = room(nRows);
      wasm.logSumExpRows(place(wasm, logits), nRows, nCols, out);
      const expected = Float64Array.from({ length: nRows }, (_, r) => {
        const row = Float64Array.from(logits.subarray(r * nCols, (r + 1) * nCols));
        const top = row.reduce((most, value) => Math.max(most, value), -Infinity);
        return top + Math.log(row.reduce((sum, value) => sum + Math.exp(value - top), 0));
      });
      expectClose(read(out, nRows), expected, { absolute: 1e-6, relative: 1e-7 }, `${nCols} columns`);
    }
  });
});
