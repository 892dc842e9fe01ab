import { expect, test } from 'vitest';
import { BufferPool, sizeClass } from './pool.ts';

interface Made {
  size: number;
  ended: boolean;
  destroy(): void;
}

function pool(): { pool: BufferPool<Made>; made: Made[] } {
  const made: Made[] = [];
  const create = (size: number): Made => {
    const buffer: Made = { size, ended: false, destroy: () => (buffer.ended = true) };
    made.push(buffer);
    return buffer;
  };
  return { pool: new BufferPool<Made>({ create, destroy: (buffer) => buffer.destroy() }), made };
}

test('a size is rounded up by at most an eighth, to what bindings allow', () => {
  for (let bytes = 1; bytes < 100_000; bytes += 97) {
    const size = sizeClass(bytes);
    expect(size % 16).toBe(0);
    expect(size).toBeGreaterThanOrEqual(bytes);
    if (bytes > 256) expect(size).toBeLessThanOrEqual(bytes * 1.125 + 16);
  }
});

test('what was given back is taken again, the smallest that is large enough and not much too large', () => {
  const { pool: buffers, made } = pool();
  const taken = [1000, 1100, 4000].map((bytes) => buffers.take(bytes));
  for (const buffer of taken) buffers.give(buffer);
  expect(buffers.take(1050)).toBe(taken[1]);
  expect(buffers.take(990)).toBe(taken[0]);
  expect(buffers.take(1000).size).toBeLessThan(2000);
  expect(made).toHaveLength(4);
});

test('what lay idle for long goes when a new buffer is made, and nothing before', () => {
  const { pool: buffers } = pool();
  const large = buffers.take(1e6);
  buffers.give(large);
  for (let i = 0; i < 1000; i++) buffers.give(buffers.take(500));
  expect(large.ended).toBe(false);
  buffers.take(10_000);
  expect(large.ended).toBe(true);
  expect(buffers.allocatedBytes).toBe(sizeClass(500) + sizeClass(10_000));
});

test('what is in use is never ended', () => {
  const { pool: buffers } = pool();
  const used = buffers.take(1e6);
  for (let i = 0; i < 1000; i++) buffers.give(buffers.take(500));
  buffers.take(10_000);
  buffers.trim();
  expect(used.ended).toBe(false);
  buffers.give(used);
  buffers.trim();
  expect(used.ended).toBe(true);
});
