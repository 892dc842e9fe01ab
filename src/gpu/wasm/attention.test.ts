import { setFlagsFromString } from 'node:v8';
import { describe, expect, test } from 'vitest';
import { expectClose } from '../../testing/close.ts';
import { TestRandom } from '../../testing/random.ts';
import { place, withScratch } from '../../testing/wasm-place.ts';
import { type BlockMask, PARTIAL } from '../block-mask.ts';
import { NO_KEYS } from '../kernels/attention.ts';
import { attentionReference } from '../reference/attention.ts';
import { loadWasm, type Wasm } from './index.ts';

setFlagsFromString('--experimental-wasm-relaxed-simd');

interface Shape {
  nHeads: number;
  nKvHeads: number;
  dHead: number;
  nQueries: number;
  queryOffset: number;
}

const BASE: Shape = { nHeads: 4, nKvHeads: 2, dHead: 12, nQueries: 21, queryOffset: 0 };

/** Each block of queries sees the blocks of keys that `sees` lets through; all are tested element by element. */
function maskOf(
  { nHeads, nQueries, queryOffset }: Shape,
  rules: Partial<BlockMask> & { blockSize: number },
  sees: (head: number, block: number, keyBlock: number) => boolean,
): BlockMask {
  const { blockSize, perHead = false } = rules;
  const offsets = [0];
  const entries: number[] = [];
  for (let head = 0; head < (perHead ? nHeads : 1); head++) {
    for (let block = 0; block * blockSize < nQueries; block++) {
      const last = Math.min((block + 1) * blockSize, nQueries) - 1 + queryOffset;
      for (let keyBlock = 0; keyBlock * blockSize <= last; keyBlock++) {
        const whole =
          (keyBlock + 1) * blockSize - 1 <= block * blockSize + queryOffset && !rules.window && !rules.bits;
        if (sees(head, block, keyBlock)) entries.push((whole ? keyBlock : keyBlock + PARTIAL) >>> 0);
      }
      offsets.push(entries.length);
    }
  }
  return {
    perHead,
    window: 0,
    sinks: 0,
    ...rules,
    offsets: Uint32Array.from(offsets),
    entries: Uint32Array.from(entries),
  };
}

function check(wasm: Wasm, shape: Shape, mask: BlockMask, { cap = 0, deviation = 1 } = {}): void {
  const { nHeads, nKvHeads, dHead, nQueries, queryOffset } = shape;
  const nKeys = nQueries + queryOffset;
  const random = new TestRandom(nQueries + dHead);
  const stride = (nHeads + 2 * nKvHeads) * dHead;
  const fused = random.normal(nKeys * stride, deviation);
  const columns = (start: number, width: number, firstRow: number): Float64Array =>
    Float64Array.from(
      { length: (nKeys - firstRow) * width },
      (_, i) => fused[(firstRow + Math.floor(i / width)) * stride + start + (i % width)]!,
    );
  const [q, k, v] = [0, nHeads * dHead, (nHeads + nKvHeads) * dHead] as const;
  const scale = 1 / Math.sqrt(dHead);
  const expected = attentionReference({
    ...shape,
    q: columns(q, nHeads * dHead, queryOffset),
    k: columns(k, nKvHeads * dHead, 0),
    v: columns(v, nKvHeads * dHead, 0),
    nKeys,
    scale,
    cap,
    mask,
  });
  const at = place(wasm, fused);
  const words = Uint32Array.from([...mask.entries, ...(mask.bits ?? [])]);
  const [offsets, entries] = [place(wasm, mask.offsets), place(wasm, words)];
  const z = place(wasm, new Float32Array(nQueries * nHeads * dHead).fill(9));
  const lse = place(wasm, new Float32Array(nHeads * nQueries).fill(9));
  const blocks = Math.ceil(nQueries / mask.blockSize);
  withScratch(wasm, wasm.attentionScratch(nKeys, dHead), (scratch) =>
    wasm.attention(
      ...([at + 4 * (queryOffset * stride + q), stride, at + 4 * k, stride, at + 4 * v, stride] as const),
      ...([nHeads, nHeads / nKvHeads, dHead, nQueries, nKeys, queryOffset, scale, cap] as const),
      ...([
        offsets,
        entries,
        mask.blockSize,
        mask.perHead ? blocks : 0,
        mask.bits ? 0 : mask.window,
      ] as const),
      ...([mask.sinks, mask.bits ? mask.entries.length : 0, z, lse, 0, 0, scratch] as const),
    ),
  );
  const what = JSON.stringify({ ...shape, blockSize: mask.blockSize, cap, deviation });
  const result = new Float32Array(wasm.memory.buffer, z, nQueries * nHeads * dHead);
  expectClose(result, expected.z, { absolute: 3e-6 * deviation, relative: 1e-6 }, `z of ${what}`);
  const sums = expected.lse.map((value) => (value === -Infinity ? NO_KEYS : value));
  const seen = (values: ArrayLike<number>) =>
    Float64Array.from(values, (value) => (value === NO_KEYS ? 0 : value));
  const found = new Float32Array(wasm.memory.buffer, lse, nHeads * nQueries);
  expectClose(seen(found), seen(sums), { absolute: 3e-6, relative: 1e-6 }, `lse of ${what}`);
  expect([...found].map((value) => value === NO_KEYS)).toEqual([...sums].map((value) => value === NO_KEYS));
}

describe.each(['plain', 'relaxed'] as const)('attention of the %s build', async (simd) => {
  const wasm = await loadWasm(simd);
  const all = (): boolean => true;

  test('causal, of many sizes, head widths and blocks', () => {
    for (const [nQueries, dHead, blockSize] of [
      [1, 4, 16],
      [2, 8, 1],
      [7, 12, 3],
      [17, 32, 16],
      [33, 36, 5],
      [65, 64, 32],
      [40, 256, 64],
      [130, 20, 64],
    ] as const) {
      const shape = { ...BASE, nQueries, dHead };
      check(wasm, shape, maskOf(shape, { blockSize }, all));
    }
  });

  test('queries after cached keys, grouped heads, a soft-cap, and scores far apart', () => {
    for (const queryOffset of [1, 7, 50]) {
      for (const nQueries of [1, 6]) {
        const shape = { ...BASE, nQueries, queryOffset, nKvHeads: 1 };
        check(wasm, shape, maskOf(shape, { blockSize: 16 }, all), { cap: 5, deviation: 3 });
      }
    }
    check(wasm, BASE, maskOf(BASE, { blockSize: 8 }, all), { deviation: 30 });
  });

  test('windows, sinks, bits, masks by head, and queries that see nothing', () => {
    const shape = { ...BASE, nQueries: 45, queryOffset: 3 };
    for (const blockSize of [4, 7, 16]) {
      check(wasm, shape, maskOf(shape, { blockSize, window: 6, sinks: 2 }, all));
      check(
        wasm,
        shape,
        maskOf(shape, { blockSize, perHead: true }, (h, b, k) => (h * 5 + b * 3 + k) % 3 !== 0),
      );
      check(
        wasm,
        shape,
        maskOf(shape, { blockSize, perHead: true }, (h, b) => (h + b) % 2 === 0),
      );
      const some = maskOf(shape, { blockSize, bits: new Uint32Array(1) }, (_, b, k) => (b + k) % 4 !== 1);
      const random = new TestRandom(blockSize);
      const bits = Uint32Array.from({ length: some.entries.length * blockSize }, () =>
        random.integer(2 ** 32),
      );
      check(wasm, shape, { ...some, bits });
      check(wasm, shape, { ...some, bits: bits.map((word) => word & 0x11111111) });
    }
    const empty = { ...maskOf(shape, { blockSize: 16 }, () => false) };
    check(wasm, shape, empty);
  });
});
