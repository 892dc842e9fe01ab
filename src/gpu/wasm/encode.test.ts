import { setFlagsFromString } from 'node:v8';
import { describe, expect, test } from 'vitest';
import { expectClose, expectEqual } from '../../testing/close.ts';
import { roundToFloat16 } from '../../testing/f16.ts';
import { TestRandom } from '../../testing/random.ts';
import { saeEncodeTopKReference } from '../reference/sae_encode_topk.ts';
import { preActivations } from '../reference/sae_group_max.ts';
import { place, withScratch } from '../../testing/wasm-place.ts';
import { loadWasm, type Wasm } from './index.ts';

setFlagsFromString('--experimental-wasm-relaxed-simd');

interface Input {
  x: Float32Array;
  /** [d, F], F a multiple of 4 or padded to one here. */
  wEnc: Float32Array;
  bEnc: Float32Array;
  bDec?: Float32Array;
  k: number;
  half?: boolean;
}

function encode(wasm: Wasm, { x, wEnc, bEnc, bDec, k, half = false }: Input) {
  const nLatents = bEnc.length;
  const d = wEnc.length / nLatents;
  const rows = x.length / d;
  const width = Math.ceil(nLatents / 4) * 4;
  // What pads W would be selected, if it counted.
  const padded = new Float32Array(d * width).fill(900);
  for (let i = 0; i < wEnc.length; i++) padded[Math.floor(i / nLatents) * width + (i % nLatents)] = wEnc[i]!;
  const { bits, rounded } = roundToFloat16(padded);
  const [xs, biases, centre] = [x, bEnc, bDec].map((data) => (data ? place(wasm, data) : 0)) as [
    number,
    number,
    number,
  ];
  const w = place(wasm, half ? bits : padded);
  const [indices, values] = [place(wasm, new Uint32Array(rows * k)), place(wasm, new Float32Array(rows * k))];
  withScratch(wasm, wasm.encodeTopKScratch(rows, d, nLatents), (scratch) =>
    wasm.encodeTopK(
      xs,
      w,
      half ? 1 : 0,
      biases,
      centre,
      rows,
      d,
      nLatents,
      width,
      k,
      indices,
      values,
      scratch,
    ),
  );
  const p = preActivations(x, half ? rounded : padded, bEnc, d, bDec);
  return {
    indices: new Uint32Array(wasm.memory.buffer, indices, rows * k).slice(),
    values: new Float32Array(wasm.memory.buffer, values, rows * k).slice(),
    expected: saeEncodeTopKReference(p, nLatents, k),
    p,
  };
}

/** For inputs whose every partial sum is exact in f32. */
function checkExact(wasm: Wasm, input: Input): void {
  const { indices, values, expected } = encode(wasm, input);
  const what = `F ${input.bEnc.length}, k ${input.k}, ${input.x.length} inputs`;
  expectEqual(indices, expected.indices, `indices of ${what}`);
  expectEqual(values, expected.values, `values of ${what}`);
}

/** For any input: rounding may swap neighbours, so values are compared by rank and each with its own latent's. */
function check(wasm: Wasm, input: Input): void {
  const { indices, values, expected, p } = encode(wasm, input);
  const nLatents = input.bEnc.length;
  expectClose(values, expected.values, { relative: 2e-6, absolute: 2e-6 });
  const meant = Float64Array.from(values, (_, i) =>
    indices[i] === 0xffffffff ? 0 : p[Math.floor(i / input.k) * nLatents + indices[i]!]!,
  );
  expectClose(values, meant, { relative: 2e-6, absolute: 2e-6 });
  for (let row = 0; row < indices.length / input.k; row++) {
    const kept = [...indices.subarray(row * input.k, (row + 1) * input.k)].filter((i) => i !== 0xffffffff);
    expect(new Set(kept).size).toBe(kept.length);
  }
}

/** Small whole numbers: f32 sums them exactly, in any order, and equal pre-activations abound. */
function whole(rows: number, d: number, nLatents: number, k: number): Input {
  const source = new TestRandom(nLatents + k + rows);
  const [x, wEnc, bEnc, bDec] = [rows * d, d * nLatents, nLatents, d].map((count) =>
    Float32Array.from({ length: count }, () => source.integer(7) - 3),
  ) as [Float32Array, Float32Array, Float32Array, Float32Array];
  return { x, wEnc, bEnc, bDec, k };
}

function random(rows: number, d: number, nLatents: number, k: number): Input {
  const source = new TestRandom(nLatents + rows);
  return {
    x: source.normal(rows * d),
    wEnc: source.normal(d * nLatents, 1 / Math.sqrt(d)),
    bEnc: source.normal(nLatents, 0.1),
    bDec: source.normal(d, 0.5),
    k,
  };
}

describe.each(['plain', 'relaxed'] as const)('encoding and selecting of the %s build', async (simd) => {
  const wasm = await loadWasm(simd);

  test('exact sums with many ties', () => {
    for (const [rows, d, nLatents, k] of [
      [1, 4, 1, 1],
      [1, 8, 50, 10],
      [2, 8, 5003, 256],
      [3, 64, 257, 64],
      [4, 8, 50, 10],
      [17, 16, 1000, 24],
      [6, 12, 130, 130],
      [5, 12, 30, 35],
      [1, 12, 30, 35],
      [65, 4, 64, 1],
    ] as const) {
      for (const half of [false, true]) {
        checkExact(wasm, { ...whole(rows, d, nLatents, k), half });
        checkExact(wasm, { ...whole(rows, d, nLatents, k), bDec: undefined, half });
      }
    }
  });

  test('random dictionaries', () => {
    for (const [rows, d, nLatents, k] of [
      [3, 12, 7, 3],
      [9, 64, 33, 8],
      [64, 192, 512, 24],
      [5, 36, 4099, 32],
      [1, 192, 2048, 24],
    ] as const)
      check(wasm, random(rows, d, nLatents, k));
  });

  test('every latent equal, rising, falling', () => {
    for (const rows of [1, 4]) {
      const x = new Float32Array(rows * 4).fill(1);
      for (const value of [
        () => 1,
        (f: number) => f,
        (f: number) => 700 - f,
        (f: number) => (f % 16 === 5 ? 9 : 1),
      ]) {
        const wEnc = Float32Array.from({ length: 4 * 700 }, (_, i) => value(i % 700));
        checkExact(wasm, { x, wEnc, bEnc: new Float32Array(700), k: 40 });
      }
    }
  });

  test('nothing above zero gives padding only, and NaN is never kept', () => {
    for (const rows of [1, 5]) {
      const input = whole(rows, 16, 100, 10);
      checkExact(wasm, { ...input, bEnc: new Float32Array(100).fill(-1e6) });
      const zero = { ...input, x: new Float32Array(rows * 16), bDec: undefined };
      checkExact(wasm, { ...zero, bEnc: new Float32Array(100).fill(-0) });
      const broken = input.bEnc.map((value, f) => (f % 8 === 3 ? NaN : value));
      const without = input.bEnc.map((value, f) => (f % 8 === 3 ? -1e6 : value));
      const { indices } = encode(wasm, { ...input, bEnc: broken });
      expectEqual(indices, encode(wasm, { ...input, bEnc: without }).indices);
    }
  });
});
