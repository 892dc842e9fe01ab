import type { Wasm } from '../gpu/wasm/index.ts';

/** Copies into the memory, to an address that relies on no more than an element's alignment. */
export function place(wasm: Wasm, data: Float32Array | Uint32Array | Uint16Array): number {
  const pointer = wasm.alloc(data.byteLength + SHIFT) + SHIFT;
  new Uint8Array(wasm.memory.buffer).set(
    new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    pointer,
  );
  return pointer;
}

/** Gives back what `place` took. */
export function displace(wasm: Wasm, pointer: number): void {
  wasm.free(pointer - SHIFT);
}

/** Calls `run` with a scratch area. @throws Error when it wrote beyond its end */
export function withScratch(wasm: Wasm, bytes: number, run: (scratch: number) => void): void {
  const scratch = wasm.alloc(bytes + 64);
  new Uint8Array(wasm.memory.buffer, scratch + bytes, 64).fill(0xa5);
  run(scratch);
  const beyond = new Uint8Array(wasm.memory.buffer, scratch + bytes, 64);
  if (!beyond.every((byte) => byte === 0xa5)) throw new Error(`wrote beyond ${bytes} bytes of scratch`);
  wasm.free(scratch);
}

const SHIFT = 12;
