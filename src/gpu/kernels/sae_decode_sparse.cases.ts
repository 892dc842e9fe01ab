import { gpuCases } from '../../testing/cases.ts';
import { expectClose, expectEqual } from '../../testing/close.ts';
import { asHalves, uploadWeights } from '../../testing/half.ts';
import { TestRandom } from '../../testing/random.ts';
import type { Gpu } from '../gpu.ts';
import { saeDecodeSparseReference } from '../reference/sae_decode_sparse.ts';
import { DECODE_VARIANTS, type DecodeVariant, saeDecodeSparse } from './sae_decode_sparse.ts';

interface Input {
  indices: Uint32Array<ArrayBuffer>;
  values: Float32Array<ArrayBuffer>;
  wDec: Float32Array<ArrayBuffer>;
  bDec: Float32Array<ArrayBuffer>;
  k: number;
  half?: boolean;
  variant?: DecodeVariant;
}

async function run(gpu: Gpu, { indices, values, wDec, bDec, k, half = false, variant }: Input) {
  const d = bDec.length;
  const shape = [indices.length / k, k];
  using wDecs = uploadWeights(gpu, wDec, [wDec.length / d, d], half);
  using bDecs = gpu.upload(bDec, [d]);
  const batch = gpu.batch('sae_decode_sparse');
  const codes = { indices: batch.input(indices, shape), values: batch.input(values, shape) };
  const { arrays } = await batch.submit([
    saeDecodeSparse(batch, { ...codes, wDec: wDecs, bDec: bDecs, variant }),
  ]);
  return arrays[0]!;
}

async function check(gpu: Gpu, input: Input): Promise<void> {
  const { indices, values, wDec, bDec, k, half } = input;
  const expected = saeDecodeSparseReference(indices, values, half ? asHalves(wDec) : wDec, bDec, k);
  expectClose(await run(gpu, input), expected, { relative: 1e-5 });
}

function random(nTok: number, d: number, nLatents: number, k: number): Input {
  const source = new TestRandom(nLatents);
  const indices = Uint32Array.from({ length: nTok * k }, () => source.integer(nLatents));
  return {
    indices,
    values: source.normal(nTok * k, 2),
    wDec: source.normal(nLatents * d),
    bDec: source.normal(d),
    k,
  };
}

export const cases = gpuCases('sae_decode_sparse', {
  'random codes of many sizes, f32 and f16': async (gpu) => {
    for (const [nTok, d, nLatents, k] of [
      [1, 4, 1, 1],
      [3, 12, 7, 7],
      [64, 192, 2048, 24],
      [17, 68, 130, 256],
    ] as const) {
      for (const variant of Object.keys(DECODE_VARIANTS) as DecodeVariant[]) {
        await check(gpu, { ...random(nTok, d, nLatents, k), variant });
        await check(gpu, { ...random(nTok, d, nLatents, k), half: true, variant });
      }
    }
  },
  'a matrix in parts': async (gpu) => {
    const input = random(9, 64, 100, 8);
    const { indices, values, wDec, bDec, k } = input;
    const rows = [37, 1, 62];
    let from = 0;
    const parts = rows.map((count) => {
      const part = uploadWeights(gpu, wDec.slice(64 * from, 64 * (from + count)), [count, 64], false);
      from += count;
      return part;
    });
    using bDecs = gpu.upload(bDec, [64]);
    const batch = gpu.batch('sae_decode_sparse');
    const codes = { indices: batch.input(indices, [9, k]), values: batch.input(values, [9, k]) };
    const { arrays } = await batch.submit([saeDecodeSparse(batch, { ...codes, wDec: parts, bDec: bDecs })]);
    for (const part of parts) part.dispose();
    const expected = saeDecodeSparseReference(indices, values, wDec, bDec, k);
    expectClose(arrays[0]!, expected, { relative: 1e-5 });
  },
  'padding adds nothing, whatever its value': async (gpu) => {
    const input = random(9, 64, 100, 8);
    for (let i = 0; i < input.indices.length; i += 3) input.indices[i] = i % 2 ? 0xffffffff : 100;
    await check(gpu, input);
  },
  'only padding gives the bias': async (gpu) => {
    const input = random(2, 16, 10, 4);
    input.indices.fill(0xffffffff);
    expectEqual(await run(gpu, input), [...input.bDec, ...input.bDec]);
  },
});
