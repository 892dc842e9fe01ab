import { uploadDictionary } from '../../dictionary/load.ts';
import type { Dictionary } from '../../dictionary/dictionary.ts';
import { saeLens } from '../../dictionary/formats/sae-lens.ts';
import type { Gpu } from '../../gpu/gpu.ts';
import type { Transformer } from '../../model/transformer.ts';
import { FacetError } from '../../shared/errors.ts';
import type { FileDType } from '../../shared/tensor-file.ts';
import { gpuCases } from '../../testing/cases.ts';
import { expectClose, expectEqual } from '../../testing/close.ts';
import { asHalves } from '../../testing/half.ts';
import { TestRandom } from '../../testing/random.ts';
import { MemoryTensors } from '../../testing/tensors.ts';
import { headShares } from './shares.ts';

const [HEADS, D_HEAD, D_SAE] = [3, 8, 70];
const direct = <Result>(work: () => Promise<Result>): Promise<Result> => work();

interface Made {
  dictionary: Dictionary;
  wDec: Float32Array;
}

async function made(
  gpu: Gpu,
  given: { hook?: string; head?: number; dtype?: FileDType; mostBytes?: number } = {},
): Promise<Made> {
  const { hook = 'blocks.1.attn.hook_z', head, dtype = 'F32', mostBytes } = given;
  const width = head === undefined ? HEADS * D_HEAD : D_HEAD;
  const random = new TestRandom(2);
  const wDec = random.normal(D_SAE * width);
  wDec.fill(0, 5 * width, 6 * width);
  const weights = new MemoryTensors()
    .set('W_enc', random.normal(D_SAE * width), [width, D_SAE], dtype)
    .set('b_enc', new Float32Array(D_SAE), [D_SAE], dtype)
    .set('W_dec', wDec, [D_SAE, width], dtype)
    .set('b_dec', new Float32Array(width), [width], dtype);
  const metadata = { hook_name: hook, hook_head_index: head ?? null, sae_lens_version: '6.54.12' };
  const config = { d_in: width, d_sae: D_SAE, architecture: 'standard', metadata };
  const record = await saeLens.read({ config, weights, path: '' }, 'file');
  const dictionary = await uploadDictionary(gpu, hook, record, { mostBytes });
  return { dictionary, wDec: dtype === 'F16' ? asHalves(wDec) : wDec };
}

/** Only its sizes and hooks are asked for. */
function modelOf(gpu: Gpu): Transformer {
  const config = { nLayers: 2, nHeads: HEADS, nKvHeads: 1, dHead: D_HEAD, dModel: 20, dMlp: 20, layers: [] };
  return { gpu, config } as unknown as Transformer;
}

function sharesReference(wDec: Float32Array): Float32Array {
  const shares = new Float32Array(D_SAE * HEADS);
  for (let latent = 0; latent < D_SAE; latent++) {
    const norms = Array.from({ length: HEADS }, (_, head) => {
      const from = (latent * HEADS + head) * D_HEAD;
      return Math.hypot(...wDec.subarray(from, from + D_HEAD));
    });
    const sum = norms.reduce((total, norm) => total + norm, 0);
    norms.forEach((norm, head) => (shares[latent * HEADS + head] = sum > 0 ? norm / sum : 0));
  }
  return shares;
}

export const cases = gpuCases('shares of heads', {
  'f32, f16 and a decoder in parts; rows of zeros have none': async (gpu) => {
    const partBytes = 4 * 4 * D_SAE;
    for (const given of [{}, { dtype: 'F16' }, { mostBytes: 2 * partBytes }] as const) {
      const { dictionary, wDec } = await made(gpu, given);
      const { layer, shares } = await headShares(modelOf(gpu), dictionary, direct);
      expectEqual([layer, dictionary.wDec.length > 1 ? 1 : 0], [1, 'mostBytes' in given ? 1 : 0]);
      expectClose(shares, sharesReference(wDec), { absolute: 1e-6 }, JSON.stringify(given));
      dictionary.dispose();
    }
  },
  'a dictionary of one head is all that head’s': async (gpu) => {
    const { dictionary } = await made(gpu, { head: 2 });
    const { shares } = await headShares(modelOf(gpu), dictionary, direct);
    const expected = Float32Array.from(shares, (_, at) =>
      at % HEADS === 2 && Math.floor(at / HEADS) !== 5 ? 1 : 0,
    );
    expectEqual(shares, expected);
    dictionary.dispose();
  },
  'a dictionary of anything but z is refused': async (gpu) => {
    const { dictionary } = await made(gpu, { hook: 'blocks.1.hook_resid_pre' });
    let thrown: unknown;
    try {
      await headShares(modelOf(gpu), dictionary, direct);
    } catch (caught) {
      thrown = caught;
    }
    dictionary.dispose();
    if (!(thrown instanceof FacetError) || thrown.code !== 'bad-input') throw new Error(String(thrown));
  },
});
