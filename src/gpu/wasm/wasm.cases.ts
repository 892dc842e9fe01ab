import { gpuCases } from '../../testing/cases.ts';
import { loadWasm, simdSupport } from './index.ts';

export const cases = gpuCases('wasm', {
  'a worker loads the builds it can run': async () => {
    const builds = simdSupport() === 'relaxed' ? (['plain', 'relaxed'] as const) : (['plain'] as const);
    for (const simd of builds) {
      const wasm = await loadWasm(simd);
      const pointer = wasm.alloc(100_000);
      new Float32Array(wasm.memory.buffer, pointer, 25_000).fill(1);
      wasm.free(pointer);
    }
  },
});
