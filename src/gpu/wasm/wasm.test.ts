import { setFlagsFromString } from 'node:v8';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FacetError } from '../../shared/errors.ts';
import { loadWasm, MOST_BYTES, simdSupport } from './index.ts';

test('what the engine can do is asked of the engine', () => {
  setFlagsFromString('--no-experimental-wasm-relaxed-simd');
  expect(simdSupport()).toBe('plain');
  setFlagsFromString('--experimental-wasm-relaxed-simd');
  expect(simdSupport()).toBe('relaxed');
});

test('without SIMD there is a clear error', async () => {
  await expect(loadWasm('none')).rejects.toMatchObject({ code: 'unsupported' });
});

describe.each(['plain', 'relaxed'] as const)('the heap of the %s build', (simd) => {
  setFlagsFromString('--experimental-wasm-relaxed-simd');

  test('areas are aligned, keep what is written to them, and never overlap', async () => {
    const wasm = await loadWasm(simd);
    expect(wasm.relaxed).toBe(simd === 'relaxed');
    const script = fc.array(fc.oneof(fc.integer({ min: 0, max: 300_000 }), fc.constant('free' as const)));
    fc.assert(
      fc.property(script, (steps) => {
        const held: { pointer: number; bytes: number; mark: number }[] = [];
        const check = ({ pointer, bytes, mark }: (typeof held)[0]): void => {
          const area = new Uint8Array(wasm.memory.buffer, pointer, bytes);
          expect(area.every((byte) => byte === mark)).toBe(true);
          wasm.free(pointer);
        };
        steps.forEach((step, i) => {
          if (step === 'free') {
            const [freed] = held.splice(i % (held.length || 1), 1);
            if (freed) check(freed);
            return;
          }
          const pointer = wasm.alloc(step);
          expect(pointer % 16).toBe(0);
          expect(pointer).toBeGreaterThan(0);
          new Uint8Array(wasm.memory.buffer, pointer, step).fill(i % 251);
          held.push({ pointer, bytes: step, mark: i % 251 });
        });
        held.forEach(check);
      }),
      { numRuns: 50 },
    );
  });

  test('addresses beyond 2 GiB are whole numbers, and a full memory is an error that can be survived', async () => {
    const wasm = await loadWasm(simd);
    const pointers: number[] = [];
    const fill = (): void => {
      for (;;) pointers.push(wasm.alloc(2 ** 29));
    };
    expect(fill).toThrow(FacetError);
    expect(pointers.length).toBeGreaterThanOrEqual(6);
    expect(Math.max(...pointers)).toBeGreaterThan(2 ** 31);
    expect(Math.min(...pointers)).toBeGreaterThan(0);
    const last = pointers.pop()!;
    new Float32Array(wasm.memory.buffer, last, 2 ** 27).fill(7, -2);
    wasm.free(last);
    expect(wasm.alloc(2 ** 29)).toBe(last);
    expect(() => wasm.alloc(2 ** 29)).toThrow(expect.objectContaining({ code: 'out-of-memory' }));
  });

  test('what the heap cannot describe is refused', async () => {
    const wasm = await loadWasm(simd);
    for (const bytes of [MOST_BYTES + 1, 2 ** 32 + 64, NaN])
      expect(() => wasm.alloc(bytes)).toThrow(expect.objectContaining({ code: 'limits' }));
    expect(wasm.alloc(MOST_BYTES)).toBeGreaterThan(0);
  });
});
