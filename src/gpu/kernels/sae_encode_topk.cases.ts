import { gpuCases } from '../../testing/cases.ts';
import { expectEqual } from '../../testing/close.ts';
import { asHalves, uploadWeights } from '../../testing/half.ts';
import { TestRandom } from '../../testing/random.ts';
import type { Gpu } from '../gpu.ts';
import { saeEncodeTopKReference } from '../reference/sae_encode_topk.ts';
import { preActivations } from '../reference/sae_group_max.ts';
import { runsOn } from '../tune/op.ts';
import { saeEncodeTopK } from './sae_encode_topk.ts';
import { GROUP_MAX_VARIANTS, groupMaxSplit, type GroupMaxVariant } from './sae_group_max.ts';

interface Input {
  x: Float32Array<ArrayBuffer>;
  /** [d, F], not padded. */
  wEnc: Float32Array<ArrayBuffer>;
  bEnc: Float32Array<ArrayBuffer>;
  bDec?: Float32Array<ArrayBuffer>;
  k: number;
  half?: boolean;
  variant?: GroupMaxVariant;
}

/** Appends columns to [d, F] up to a multiple of 4, filled with what would be selected if it counted. */
function padded(wEnc: Float32Array, nLatents: number, fill: number): Float32Array<ArrayBuffer> {
  const width = Math.ceil(nLatents / 4) * 4;
  const out = new Float32Array((wEnc.length / nLatents) * width).fill(fill);
  for (let i = 0; i < wEnc.length; i++) out[Math.floor(i / nLatents) * width + (i % nLatents)] = wEnc[i]!;
  return out;
}

async function encode(gpu: Gpu, { x, wEnc, bEnc, bDec, k, half = false, variant }: Input) {
  const nLatents = bEnc.length;
  const d = wEnc.length / nLatents;
  const all = padded(wEnc, nLatents, 9);
  using xs = gpu.upload(x, [x.length / d, d]);
  using wEncs = uploadWeights(gpu, all, [d, all.length / d], half);
  using bEncs = gpu.upload(bEnc, [nLatents]);
  using bDecs = bDec && gpu.upload(bDec, [d]);
  const batch = gpu.batch('sae_encode_topk');
  const { indices, values } = saeEncodeTopK(batch, {
    x: xs,
    wEnc: wEncs,
    bEnc: bEncs,
    bDec: bDecs,
    k,
    variant,
  });
  const { arrays } = await batch.submit([indices, values]);
  const p = preActivations(x, half ? asHalves(wEnc) : wEnc, bEnc, d, bDec);
  return { indices: arrays[0] as Uint32Array, values: arrays[1]!, p, nLatents };
}

/** For inputs whose every partial sum is exact in f32: indices, order and values must be the reference's. */
async function checkExact(gpu: Gpu, input: Input): Promise<void> {
  const { indices, values, p, nLatents } = await encode(gpu, input);
  const expected = saeEncodeTopKReference(p, nLatents, input.k);
  expectEqual(indices, expected.indices, `indices of F ${nLatents}, k ${input.k}`);
  expectEqual(values, expected.values, `values of F ${nLatents}, k ${input.k}`);
}

/**
 * For any input: f32 rounding may swap pre-activations closer than it, so a row is right when every kept value is its
 * latent's within `tolerance` (a share of the row's largest |p|), no latent is kept twice, rows descend with padding at
 * the end, and nothing left out exceeds the least kept value (or zero, if there was room) by more than `tolerance`.
 */
async function check(gpu: Gpu, input: Input, tolerance = 1e-5): Promise<void> {
  const { indices, values, p, nLatents } = await encode(gpu, input);
  const { k } = input;
  for (let t = 0; t < indices.length / k; t++) {
    const row = p.subarray(t * nLatents, (t + 1) * nLatents);
    const allowed = tolerance * row.reduce((top, value) => Math.max(top, Math.abs(value)), 0);
    const kept = new Set<number>();
    for (let i = 0; i < k; i++) {
      const index = indices[t * k + i]!;
      const value = values[t * k + i]!;
      const where = `token ${t} place ${i} of F ${nLatents} k ${k}`;
      if (index === 0xffffffff) {
        if (value !== 0) throw new Error(`${where}: padding with value ${value}`);
        continue;
      }
      if (index >= nLatents || kept.has(index)) throw new Error(`${where}: latent ${index}`);
      if (kept.size !== i) throw new Error(`${where}: a latent after padding`);
      kept.add(index);
      if (!(value > 0) || Math.abs(value - row[index]!) > allowed) {
        throw new Error(`${where}: latent ${index} has ${value}, expected ${row[index]}`);
      }
      if (i > 0 && value > values[t * k + i - 1]!) throw new Error(`${where}: not in descending order`);
    }
    const least = kept.size === k ? values[t * k + k - 1]! : 0;
    row.forEach((value, latent) => {
      if (!kept.has(latent) && value > least + allowed) {
        throw new Error(
          `token ${t} of F ${nLatents} k ${k}: latent ${latent} with ${value} left out, least kept ${least}`,
        );
      }
    });
  }
}

function random(nTok: number, d: number, nLatents: number, k: number, seed = nLatents): Input {
  const source = new TestRandom(seed);
  return {
    x: source.normal(nTok * d),
    wEnc: source.normal(d * nLatents, 1 / Math.sqrt(d)),
    bEnc: source.normal(nLatents, 0.1),
    bDec: source.normal(d, 0.5),
    k,
  };
}

/** Small whole numbers: f32 sums them exactly, in any order, and equal pre-activations abound. */
function whole(nTok: number, d: number, nLatents: number, k: number): Input {
  const source = new TestRandom(nLatents + k);
  const integers = (count: number): Float32Array<ArrayBuffer> =>
    Float32Array.from({ length: count }, () => source.integer(7) - 3);
  return {
    x: integers(nTok * d),
    wEnc: integers(d * nLatents),
    bEnc: integers(nLatents),
    bDec: integers(d),
    k,
  };
}

export const cases = gpuCases('sae_encode_topk', {
  'random dictionaries of many sizes': async (gpu) => {
    for (const [nTok, d, nLatents, k] of [
      [1, 4, 1, 1],
      [3, 12, 7, 3],
      [8, 64, 16, 4],
      [9, 64, 33, 8],
      [64, 192, 512, 24],
      [5, 36, 4099, 32],
      [512, 16, 100, 10],
    ] as const) {
      await check(gpu, random(nTok, d, nLatents, k));
      await check(gpu, { ...random(nTok, d, nLatents, k), bDec: undefined });
    }
  },
  'exact sums with many ties': async (gpu) => {
    for (const [nTok, d, nLatents, k] of [
      [4, 8, 50, 10],
      [17, 16, 1000, 24],
      [2, 8, 5003, 256],
      [3, 64, 257, 64],
    ] as const) {
      await checkExact(gpu, whole(nTok, d, nLatents, k));
      await checkExact(gpu, { ...whole(nTok, d, nLatents, k), half: true });
    }
  },
  'every way to split the encoder matmul': async (gpu) => {
    const all = Object.keys(GROUP_MAX_VARIANTS) as GroupMaxVariant[];
    const kernels = new Set<string>();
    for (const variant of all) {
      const { kernel } = groupMaxSplit(variant, 16, 8);
      if (!runsOn(gpu.adapter, kernel)) continue;
      // Variants of one kernel differ in sizes only.
      const more = kernels.has(kernel.name) ? [] : [whole(1, 36, 1, 1), whole(5, 12, 30, 40)];
      kernels.add(kernel.name);
      for (const input of [...more, whole(17, 36, 1_003, 24)]) {
        await checkExact(gpu, { ...input, variant });
        // What lies beyond the last latent, and latents that come out as NaN, must not win a group.
        const bEnc = input.bEnc.map((value, latent) => (latent % 16 === 3 ? NaN : value));
        const broken = await encode(gpu, { ...input, bEnc, variant });
        expectEqual(broken.indices, (await encode(gpu, { ...input, bEnc })).indices, variant);
      }
      await check(gpu, { ...random(33, 68, 517, 16), half: true, variant });
    }
  },
  'every latent equal: the lowest are kept': async (gpu) => {
    const x = new Float32Array(2 * 8).fill(1);
    const wEnc = new Float32Array(8 * 700).fill(0.25);
    await checkExact(gpu, { x, wEnc, bEnc: new Float32Array(700), k: 40 });
  },
  'k of all latents and beyond': async (gpu) => {
    for (const nLatents of [1, 5, 16, 30, 130]) {
      for (const k of [nLatents, nLatents + 5]) await checkExact(gpu, whole(3, 8, nLatents, k));
    }
    await check(gpu, random(3, 8, 256, 256));
  },
  'nothing above zero gives only padding': async (gpu) => {
    const input = random(4, 16, 100, 10);
    await checkExact(gpu, { ...input, bEnc: new Float32Array(100).fill(-1e6) });
    await checkExact(gpu, {
      ...input,
      x: new Float32Array(16),
      bDec: undefined,
      bEnc: new Float32Array(100).fill(-0),
    });
  },
  'fewer above zero than k': async (gpu) => {
    const input = random(6, 32, 300, 64);
    await check(gpu, { ...input, bEnc: input.bEnc.map((value) => value - 1.5) });
  },
  'huge values': async (gpu) => {
    const input = random(4, 16, 200, 20);
    await check(gpu, { ...input, x: input.x.map((value) => value * 1e30), bDec: undefined });
  },
  'all large values in one group, and one in each': async (gpu) => {
    const nLatents = 640;
    const x = Float32Array.of(1, 0, 0, 0);
    for (const strong of [(f: number) => f >= 320 && f < 336, (f: number) => f % 16 === 5]) {
      const wEnc = new Float32Array(4 * nLatents);
      for (let f = 0; f < nLatents; f++) wEnc[f] = strong(f) ? 100 + f : 1 + (f % 7);
      await checkExact(gpu, { x, wEnc, bEnc: new Float32Array(nLatents), k: 24 });
    }
  },
  'latents that come out as NaN are never kept': async (gpu) => {
    const input = whole(4, 8, 300, 20);
    const broken = (latent: number): boolean => latent % 16 === 3;
    const bEnc = input.bEnc.map((value, latent) => (broken(latent) ? NaN : value));
    const { indices } = await encode(gpu, { ...input, bEnc });
    const expected = await encode(gpu, { ...input, bEnc: input.bEnc.map((v, f) => (broken(f) ? -1e6 : v)) });
    expectEqual(indices, expected.indices);
  },
  'f16 weights': async (gpu) => {
    await check(gpu, { ...random(7, 64, 333, 16), half: true });
    await check(gpu, { ...random(64, 192, 2048, 24), half: true });
  },
  'as many latents as the largest published dictionaries': (gpu) => check(gpu, random(2, 8, 131_072, 32)),
});
