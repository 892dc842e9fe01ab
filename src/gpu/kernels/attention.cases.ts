import { maskFromRule } from '../../attention/rule-mask.ts';
import { gpuCases } from '../../testing/cases.ts';
import { expectClose } from '../../testing/close.ts';
import { TestRandom } from '../../testing/random.ts';
import { type BlockMask, PARTIAL } from '../block-mask.ts';
import type { Gpu } from '../gpu.ts';
import { attentionReference } from '../reference/attention.ts';
import { runsOn } from '../tune/op.ts';
import {
  attention,
  ATTENTION_VARIANTS,
  attentionSplit,
  type AttentionVariant,
  NO_KEYS,
} from './attention.ts';
import { attentionPattern, MASKED_SCORE } from './attention_pattern.ts';

export interface AttentionShape {
  nHeads: number;
  nKvHeads: number;
  dHead: number;
  nQueries: number;
  queryOffset: number;
  blockSize: number;
}

/** What a mask may be made from. */
export interface PlainInputs {
  /** [nQueries, nHeads, dHead] */
  q: Float64Array;
  /** [nKeys, nKvHeads, dHead] */
  k: Float64Array;
  scale: number;
}

/** Every way to split the work, and the pattern, against the same reference. */
export async function checkAttention(...args: Parameters<typeof checkVariant>): Promise<void> {
  const [gpu, shape, options] = args;
  for (const variant of Object.keys(ATTENTION_VARIANTS) as AttentionVariant[]) {
    if (runsOn(gpu.adapter, attentionSplit(variant, shape.dHead).kernel))
      await checkVariant(gpu, shape, { ...options, variant });
  }
}

async function checkVariant(
  gpu: Gpu,
  shape: AttentionShape,
  options: {
    rule?: { window: number; sinks: number };
    mask?: BlockMask | ((plain: PlainInputs) => BlockMask);
    deviation?: number;
    cap?: number;
    fill?: number;
    what?: string;
    variant?: AttentionVariant;
  } = {},
): Promise<void> {
  const { nHeads, nKvHeads, dHead, nQueries, queryOffset } = shape;
  const nKeys = nQueries + queryOffset;
  const random = new TestRandom(nQueries * 3 + dHead);
  const { cap, deviation = 1 } = options;
  // One fused buffer, as the model has it: queries sit in the last rows when earlier keys are cached.
  const widths = [nHeads * dHead, nKvHeads * dHead, nKvHeads * dHead] as const;
  const rowStride = widths[0] + widths[1] + widths[2];
  const fused = random.normal(nKeys * rowStride, deviation);
  if (options.fill !== undefined) fused.fill(options.fill);
  const columns = (start: number, width: number, fromRow: number): Float64Array =>
    Float64Array.from(
      { length: (nKeys - fromRow) * width },
      (_, i) => fused[(fromRow + Math.floor(i / width)) * rowStride + start + (i % width)]!,
    );
  const scale = 1 / Math.sqrt(dHead);
  const [q, k] = [columns(0, widths[0], queryOffset), columns(widths[0], widths[1], 0)];
  const mask =
    typeof options.mask === 'function'
      ? options.mask({ q, k, scale })
      : (options.mask ?? maskFromRule({ ...shape, nKeys }, options.rule ?? { window: 0, sinks: 0 }));
  const plain = {
    ...shape,
    nKeys,
    scale,
    cap,
    mask,
    q,
    k,
    v: columns(widths[0] + widths[1], widths[2], 0),
  };
  using tensor = gpu.upload(fused, [nKeys, rowStride]);
  const args = {
    ...shape,
    nKeys,
    scale,
    cap,
    mask,
    q: { tensor, rowStride, offset: queryOffset * rowStride },
    k: { tensor, rowStride, offset: widths[0] },
    v: { tensor, rowStride, offset: widths[0] + widths[1] },
  };
  const batch = gpu.batch('attention');
  const { z, lse } = attention(batch, { ...args, variant: options.variant });
  const { pattern, scores } = attentionPattern(batch, { ...args, lse });
  const { arrays } = await batch.submit([z, lse, pattern, scores]);
  const expected = attentionReference(plain);
  const finite = (values: Float64Array, masked: number) =>
    values.map((value) => (value === -Infinity ? masked : value));
  const what = options.what ?? JSON.stringify(shape);
  expectClose(arrays[0]!, expected.z, { absolute: 1e-5, relative: 1e-5 }, `z ${what}`);
  const seen = (values: ArrayLike<number>, masked: number) =>
    Array.from(values, (value) => (value < masked / 2 ? 0 : value));
  expectClose(
    seen(arrays[1]!, NO_KEYS),
    seen(finite(expected.lse, NO_KEYS), NO_KEYS),
    { absolute: 1e-5, relative: 2e-6 },
    `lse ${what}`,
  );
  expectClose(arrays[2]!, expected.pattern, { absolute: 2e-5 }, `pattern ${what}`);
  const shown = finite(expected.scores, MASKED_SCORE);
  shown.forEach((value, i) => {
    if ((value === MASKED_SCORE) !== arrays[3]![i]! < MASKED_SCORE / 2)
      throw new Error(`scores ${what}: entry ${i} masked wrongly`);
  });
  expectClose(
    seen(arrays[3]!, MASKED_SCORE),
    seen(shown, MASKED_SCORE),
    { absolute: 1e-5, relative: 2e-6 },
    `scores ${what}`,
  );
}

const base: AttentionShape = {
  nHeads: 3,
  nKvHeads: 3,
  dHead: 12,
  nQueries: 20,
  queryOffset: 0,
  blockSize: 16,
};

export const cases = gpuCases('attention', {
  'causal, many lengths and head sizes': async (gpu) => {
    for (const [nQueries, dHead, blockSize] of [
      [1, 4, 16],
      [2, 32, 16],
      [16, 32, 16],
      [17, 64, 16],
      [40, 12, 7],
      [65, 32, 32],
    ] as const) {
      await checkAttention(gpu, { ...base, nQueries, dHead, blockSize });
    }
  },
  'grouped queries share keys and values': async (gpu) => {
    await checkAttention(gpu, { ...base, nHeads: 6, nKvHeads: 2 });
    await checkAttention(gpu, { ...base, nHeads: 4, nKvHeads: 1, dHead: 8 });
  },
  'heads of up to 256 values': async (gpu) => {
    for (const dHead of [80, 128, 256])
      await checkAttention(gpu, { ...base, nHeads: 2, nKvHeads: 1, nQueries: 18, dHead });
  },
  'soft-capped scores': async (gpu) => {
    await checkAttention(gpu, base, { cap: 5, deviation: 3 });
    await checkAttention(
      gpu,
      { ...base, nHeads: 4, nKvHeads: 2, nQueries: 37 },
      { cap: 0.5, rule: { window: 5, sinks: 0 } },
    );
    await checkAttention(gpu, base, { cap: 50, deviation: 40, what: 'far beyond the cap' });
  },
  'queries after cached keys': async (gpu) => {
    await checkAttention(gpu, { ...base, nQueries: 1, queryOffset: 33 });
    await checkAttention(gpu, { ...base, nQueries: 9, queryOffset: 11, blockSize: 4 });
  },
  'window and sinks': async (gpu) => {
    await checkAttention(gpu, { ...base, nQueries: 50, blockSize: 8 }, { rule: { window: 5, sinks: 2 } });
    await checkAttention(gpu, { ...base, nQueries: 50, blockSize: 8 }, { rule: { window: 1, sinks: 0 } });
  },
  'equal scores, one dominating key, very large and very small scores': async (gpu) => {
    await checkAttention(gpu, base, { fill: 0.5, what: 'equal' });
    await checkAttention(gpu, base, { deviation: 12, what: 'dominating' });
    await checkAttention(gpu, base, { deviation: 1e-6, what: 'tiny' });
  },
  'a random mask of its own for every head, with rows that see nothing': async (gpu) => {
    const random = new TestRandom(9);
    const blocks = 3;
    const offsets = [0];
    const entries: number[] = [];
    for (let row = 0; row < 3 * blocks; row++) {
      for (let block = 0; block <= row % blocks; block++) {
        if (random.next() < 0.5)
          entries.push(block < row % blocks && random.next() < 0.5 ? block : (block | PARTIAL) >>> 0);
      }
      offsets.push(entries.length);
    }
    const mask: BlockMask = {
      blockSize: 8,
      perHead: true,
      offsets: Uint32Array.from(offsets),
      entries: Uint32Array.from(entries),
      window: 0,
      sinks: 0,
    };
    if (!offsets.some((value, i) => i > 0 && value === offsets[i - 1]))
      throw new Error('the mask has no empty row');
    await checkAttention(gpu, { ...base, nQueries: 22, blockSize: 8 }, { mask });
  },
  'element masks: random bits, rows and whole blocks of zeros, bits of later keys': async (gpu) => {
    for (const [blockSize, nQueries, queryOffset] of [
      [32, 40, 0],
      [16, 37, 0],
      [7, 30, 12],
      [1, 9, 3],
    ] as const) {
      const random = new TestRandom(blockSize);
      const keyBlocks = Math.ceil((nQueries + queryOffset) / blockSize);
      const offsets = [0];
      const entries: number[] = [];
      const bits: number[] = [];
      for (let row = 0; row < 3 * Math.ceil(nQueries / blockSize); row++) {
        for (let block = 0; block < keyBlocks; block++) {
          if (random.next() < 0.3) continue;
          entries.push(random.next() < 0.2 && block === 0 ? block : (block | PARTIAL) >>> 0);
          const none = random.next() < 0.2;
          // What a full block's words say does not matter.
          for (let r = 0; r < blockSize; r++)
            bits.push(none || random.next() < 0.2 ? 0 : Math.floor(random.next() * 2 ** 32) >>> 0);
        }
        offsets.push(entries.length);
      }
      const [offsetWords, entryWords, bitWords] = [offsets, entries, bits].map((list) =>
        Uint32Array.from(list),
      );
      const mask: BlockMask = {
        blockSize,
        perHead: true,
        offsets: offsetWords!,
        entries: entryWords!,
        // Bits stand in place of the rule.
        window: 2,
        sinks: 1,
        bits: bitWords!,
      };
      await checkAttention(gpu, { ...base, nQueries, queryOffset, blockSize }, { mask });
    }
  },
});
