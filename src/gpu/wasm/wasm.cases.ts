import { gpuCases } from '../../testing/cases.ts';
import { loadWasm } from './index.ts';

export const cases = gpuCases('wasm', {
  'a browser worker loads both builds': async () => {
    for (const simd of ['plain', 'relaxed'] as const) {
      const wasm = await loadWasm(simd);
      const pointer = wasm.alloc(100_000);
      new Float32Array(wasm.memory.buffer, pointer, 25_000).fill(1);
      wasm.free(pointer);
    }
  },
});
