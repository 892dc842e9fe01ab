import type { Gpu } from '../gpu/gpu.ts';
import { rowNormsReference } from '../gpu/reference/row_norms.ts';
import { saeDecodeSparseReference } from '../gpu/reference/sae_decode_sparse.ts';
import { saeEncodeTopKReference } from '../gpu/reference/sae_encode_topk.ts';
import { preActivations } from '../gpu/reference/sae_group_max.ts';
import { FacetError } from '../shared/errors.ts';
import type { FileDType } from '../shared/tensor-file.ts';
import { gpuCases } from '../testing/cases.ts';
import { expectClose, expectEqual } from '../testing/close.ts';
import { asHalves } from '../testing/half.ts';
import { TestRandom } from '../testing/random.ts';
import { MemoryTensors } from '../testing/tensors.ts';
import { toSparseCodes } from './codes.ts';
import { loadDictionary } from './load.ts';

interface Sizes {
  nTok: number;
  dIn: number;
  dSae: number;
  k: number;
}

function random({ dIn, dSae }: Sizes) {
  const source = new TestRandom(dSae);
  return {
    W_enc: source.normal(dIn * dSae, 1 / Math.sqrt(dIn)),
    b_enc: source.normal(dSae, 0.1),
    W_dec: source.normal(dSae * dIn),
    b_dec: source.normal(dIn, 0.5),
  };
}

/**
 * Loads random weights as a SAELens file, encodes and decodes, and compares with SAELens' formulas evaluated in f64.
 * Random pre-activations are far apart compared with f32 rounding, so the kept features must be the same.
 */
async function check(
  gpu: Gpu,
  sizes: Sizes,
  dtype: FileDType,
  flags: { rescale?: boolean; subtract?: boolean },
): Promise<void> {
  const { nTok, dIn, dSae, k } = sizes;
  const stored = random(sizes);
  const weights = new MemoryTensors()
    .set('W_enc', stored.W_enc, [dIn, dSae], dtype)
    .set('b_enc', stored.b_enc, [dSae], dtype)
    .set('W_dec', stored.W_dec, [dSae, dIn], dtype)
    .set('b_dec', stored.b_dec, [dIn], dtype);
  const rounded = (values: Float32Array): Float32Array => (dtype === 'F16' ? asHalves(values) : values);
  const [wEnc, bEnc, wDec, bDec] = [stored.W_enc, stored.b_enc, stored.W_dec, stored.b_dec].map(rounded) as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const { rescale = false, subtract = true } = flags;
  const config = {
    d_in: dIn,
    d_sae: dSae,
    k,
    architecture: 'topk',
    apply_b_dec_to_input: subtract,
    rescale_acts_by_decoder_norm: rescale,
    metadata: { sae_lens_version: '6.54.12', hook_name: 'blocks.1.hook_resid_pre' },
  };
  using dictionary = await loadDictionary(gpu, { id: 'random', config, weights });

  const x = new TestRandom(7).normal(nTok * dIn);
  const batch = gpu.batch('dictionary');
  const input = batch.input(x, [nTok, dIn]);
  const codes = dictionary.encode(batch, input);
  const xHat = dictionary.decode(batch, codes, input);
  const { arrays } = await batch.submit([codes.indices, codes.values, xHat, dictionary.decoderNorms]);
  const [indices, values] = [arrays[0] as Uint32Array, arrays[1] as Float32Array];

  const norms = rowNormsReference(wDec, dIn);
  const scale = (f: number): number => (rescale ? norms[f]! : 1);
  const p = preActivations(x, wEnc, bEnc, dIn, subtract ? bDec : undefined).map(
    (value, i) => value * scale(i % dSae),
  );
  const expected = saeEncodeTopKReference(p, dSae, k);
  expectEqual(indices, expected.indices, 'features');
  expectClose(values, expected.values, { relative: 1e-5 }, 'activations');
  const unscaled = expected.values.map((value, i) => (value > 0 ? value / scale(expected.indices[i]!) : 0));
  expectClose(
    arrays[2]!,
    saeDecodeSparseReference(expected.indices, unscaled, wDec, bDec, k),
    { relative: 1e-5 },
    'x̂',
  );
  expectClose(arrays[3]!, rescale ? norms.map(() => 1) : norms, { relative: 1e-5 }, 'decoder norms');

  const sparse = toSparseCodes(indices, values, nTok);
  expectEqual(
    [...sparse.values],
    [...values].filter((value) => value > 0),
    'row-compressed',
  );
}

export const cases = gpuCases('dictionary', {
  'a topk dictionary of SAELens, f32 and f16': async (gpu) => {
    const sizes = { nTok: 9, dIn: 32, dSae: 203, k: 12 };
    await check(gpu, sizes, 'F32', {});
    await check(gpu, sizes, 'F16', {});
    await check(gpu, sizes, 'F16', { subtract: false });
  },
  'decoder norms folded in': async (gpu) => {
    const sizes = { nTok: 9, dIn: 32, dSae: 300, k: 12 };
    await check(gpu, sizes, 'F32', { rescale: true });
    await check(gpu, sizes, 'F16', { rescale: true, subtract: false });
  },
  'more places than active features': (gpu) =>
    check(gpu, { nTok: 5, dIn: 8, dSae: 41, k: 40 }, 'F32', { rescale: true }),
  'a matrix too large for the device is refused before it is read': async (gpu) => {
    const weights = new MemoryTensors();
    const shapes = { W_enc: [16_384, 524_288], b_enc: [524_288], W_dec: [524_288, 16_384], b_dec: [16_384] };
    weights.info = (name) =>
      name in shapes ? { dtype: 'F32', shape: shapes[name as keyof typeof shapes] } : undefined;
    const config = {
      d_in: 16_384,
      d_sae: 524_288,
      k: 8,
      architecture: 'topk',
      metadata: { hook_name: 'hook_embed', sae_lens_version: '6.0.0' },
    };
    let code = 'accepted';
    try {
      await loadDictionary(gpu, { id: 'huge', config, weights });
    } catch (error) {
      code = error instanceof FacetError ? error.code : String(error);
    }
    expectEqual([weights.reads.length], [0]);
    if (code !== 'limits') throw new Error(`expected limits, got ${code}`);
  },
  'everything is given back when reading fails or is cancelled': async (gpu) => {
    const before = gpu.allocatedBytes;
    const weights = new MemoryTensors();
    const stored = random({ nTok: 1, dIn: 8, dSae: 16, k: 2 });
    weights.set('W_enc', stored.W_enc, [8, 16]).set('b_enc', stored.b_enc, [16]);
    weights.set('W_dec', stored.W_dec, [16, 8]).set('b_dec', stored.b_dec, [8]);
    const config = {
      d_in: 8,
      d_sae: 16,
      k: 2,
      architecture: 'topk',
      metadata: { hook_name: 'hook_embed', sae_lens_version: '6.0.0' },
    };
    const controller = new AbortController();
    const read = weights.read.bind(weights);
    weights.read = async (name) => {
      if (name === 'W_dec') controller.abort();
      return read(name);
    };
    let code = 'accepted';
    try {
      await loadDictionary(gpu, { id: 'cancelled', config, weights }, controller.signal);
    } catch (error) {
      code = error instanceof FacetError ? error.code : String(error);
    }
    if (code !== 'cancelled') throw new Error(`expected cancelled, got ${code}`);
    expectEqual([gpu.allocatedBytes], [before]);
  },
});
