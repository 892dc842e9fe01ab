import { beforeEach, describe, expect, test } from 'vitest';
import { FacetError } from '../../shared/errors.ts';
import { add } from '../kernels/add.ts';
import { matmul } from '../kernels/matmul.ts';
import { loadWasm, type Wasm } from '../wasm/index.ts';
import { CpuGpu } from './cpu-gpu.ts';

const MIB = 2 ** 20;

const failure = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => undefined,
    (thrown: unknown) => (thrown instanceof FacetError ? thrown.code : thrown),
  );

let gpu: CpuGpu;
beforeEach(async () => {
  gpu = await CpuGpu.open('asked');
});

const ones = (count: number, value = 1): Float32Array<ArrayBuffer> => new Float32Array(count).fill(value);

describe('batches', () => {
  test('run in the order they are submitted in, and writes where they are written', async () => {
    const x = gpu.upload(ones(8), [8]);
    const first = gpu.batch('first');
    const doubled = first.keep(add(first, { a: x, b: x }));
    const one = first.submit([doubled]);
    gpu.write(x, 0, ones(8, 5));
    const second = gpu.batch('second');
    const two = second.submit([add(second, { a: x, b: doubled })]);
    expect([...(await two).arrays[0]!]).toEqual(Array(8).fill(7));
    expect([...(await one).arrays[0]!]).toEqual(Array(8).fill(2));
  });

  test('need none of their tensors once they were submitted', async () => {
    const x = gpu.tensor([64]);
    gpu.write(x, 0, ones(64, 3));
    const batch = gpu.batch('sum');
    const running = batch.submit([add(batch, { a: x, b: x })]);
    x.dispose();
    // What takes the place of x must not be seen by the batch.
    const other = gpu.tensor([64]);
    gpu.write(other, 0, ones(64, -1));
    expect(other.buffer).toBe(x.buffer);
    expect([...(await running).arrays[0]!]).toEqual(Array(64).fill(6));
  });

  test('let other tasks have their turn before they answer', async () => {
    const seen: string[] = [];
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      seen.push('message');
      port1.close();
    };
    port2.postMessage(0);
    await gpu.batch('nothing').submit();
    seen.push('answer');
    expect(seen).toEqual(['message', 'answer']);
  });

  test('that run again allocate nothing, and leave everything to the pool', async () => {
    const run = async (): Promise<void> => {
      const batch = gpu.batch('again');
      const given = batch.input(ones(4096), [64, 64]);
      const sum = add(batch, { a: given, b: given });
      batch.release(given);
      await batch.submit([add(batch, { a: sum, b: sum })]);
    };
    await run();
    const [created, bytes] = [gpu.counters.buffersCreated, gpu.allocatedBytes];
    for (let i = 0; i < 5; i++) await run();
    expect([gpu.counters.buffersCreated, gpu.allocatedBytes]).toEqual([created, bytes]);
    gpu.trim();
    expect(gpu.allocatedBytes).toBe(0);
  });

  test('are timed by step when they are profiled', async () => {
    gpu.profiling = true;
    const batch = gpu.batch('timed').scope('here');
    const x = batch.input(ones(4), [1, 4]);
    matmul(batch, { x, weights: gpu.upload(ones(16), [4, 4]), layout: 'kn' });
    const { timings } = await batch.submit();
    expect(timings).toMatchObject([{ kernel: 'matmul_register', scope: 'here', flops: 32 }]);
    expect(timings[0]!.gpuMs).toBeGreaterThanOrEqual(0);
  });
});

describe('memory', () => {
  test('that grows between recording and running leaves every tensor where it is', async () => {
    const x = gpu.upload(ones(1024, 2), [1024]);
    const batch = gpu.batch('grows');
    const sum = add(batch, { a: x, b: x });
    const before = gpu.wasm.memory.buffer;
    using large = gpu.upload(ones(4 * MIB, 9), [4 * MIB]);
    expect(gpu.wasm.memory.buffer).not.toBe(before);
    const { arrays } = await batch.submit([sum]);
    expect([...arrays[0]!.subarray(0, 3)]).toEqual([4, 4, 4]);
    const read = await gpu.batch('read').submit([large]);
    expect(read.arrays[0]!.every((value) => value === 9)).toBe(true);
  });

  /** A heap in which areas of that many bytes and more do not fit. */
  const crowded = async (most: number): Promise<CpuGpu> => {
    const wasm = await loadWasm();
    const alloc: Wasm['alloc'] = (bytes) => {
      if (bytes > most) throw new FacetError('out-of-memory', 'full');
      return wasm.alloc(bytes);
    };
    return new CpuGpu({ ...wasm, alloc }, 'asked');
  };

  test('that is full is reported by the batch that wanted it, and by nothing after it', async () => {
    const own = await crowded(MIB);
    const batch = own.batch('too much');
    const large = batch.scratch([MIB]);
    const sum = add(batch, { a: large, b: large });
    const kept = batch.keep(sum);
    expect(await failure(batch.submit([sum]))).toBe('out-of-memory');
    kept.dispose();
    expect(own.allocatedBytes).toBe(0);
    const small = own.batch('small');
    const given = small.input(ones(4), [4]);
    expect([...(await small.submit([add(small, { a: given, b: given })])).arrays[0]!]).toEqual([2, 2, 2, 2]);
  });

  test('that is full is reported when weights are put there, which leaves nothing behind', async () => {
    const own = await crowded(MIB);
    expect(await failure(own.reserve([MIB], 'f32'))).toBe('out-of-memory');
    expect(await failure(own.uploadWeights(ones(MIB), [MIB]))).toBe('out-of-memory');
    expect(own.allocatedBytes).toBe(0);
    using weights = await own.uploadWeights(ones(16), [16]);
    expect(weights.disposed).toBe(false);
  });

  test('is given back: the same areas serve again', () => {
    using _ = gpu.weights([MIB], 'f32');
    const size = gpu.wasm.memory.buffer.byteLength;
    for (let i = 0; i < 20; i++) gpu.weights([MIB], 'f32').dispose();
    expect(gpu.wasm.memory.buffer.byteLength).toBeLessThanOrEqual(size + 9 * MIB);
  });

  test('is not written beyond a buffer, nor copied', async () => {
    const x = gpu.upload(ones(64), [64]);
    expect(() => gpu.write(x, 4, ones(64))).toThrow(/do not fit/);
    const batch = gpu.batch('copies');
    batch.copy(x, batch.scratch([1024]), { size: 4096 });
    expect(await failure(batch.submit())).toBe('bug');
  });

  test('holds packed weights as they are, and an odd count with a zero behind it', async () => {
    // 1, −2 and the smallest subnormal, as f16.
    const halves = Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7bff, 0x3c00);
    const weights = gpu.upload(halves, [5, 1]);
    expect(weights.byteLength).toBe(12);
    const rows = gpu.upload(Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7bff), [1, 4]);
    const batch = gpu.batch('packed');
    const x = batch.input(Float32Array.of(1, 1, 2 ** 24, 2 ** -10), [1, 4]);
    const { arrays } = await batch.submit([matmul(batch, { x, weights: rows, layout: 'nk' })]);
    expect(arrays[0]![0]).toBe(1 - 2 + 1 + 65_504 / 1024);
  });
});
