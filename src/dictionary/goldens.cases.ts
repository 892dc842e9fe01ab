import type { Gpu } from '../gpu/gpu.ts';
import { inMemory } from '../library/random-access.ts';
import { SafetensorsReader } from '../library/safetensors.ts';
import { FacetError } from '../shared/errors.ts';
import { gpuCases } from '../testing/cases.ts';
import { expectClose, expectEqual } from '../testing/close.ts';
import { type GoldenArray, goldenValues } from '../testing/golden.ts';
import { PADDING } from './codes.ts';
import type { Dictionary } from './dictionary.ts';
import standardConfig from './goldens/standard-random/cfg.json';
import standardWeights from './goldens/standard-random/sae_weights.safetensors?url';
import middle from './goldens/storyworld-2m/blocks.2.hook_resid_pre.json';
import late from './goldens/storyworld-2m/blocks.3.hook_resid_post.json';
import plainConfig from './goldens/topk-random/cfg.json';
import plain from './goldens/topk-random/golden.json';
import plainWeights from './goldens/topk-random/sae_weights.safetensors?url';
import rescaledConfig from './goldens/topk-rescaled/cfg.json';
import rescaled from './goldens/topk-rescaled/golden.json';
import rescaledWeights from './goldens/topk-rescaled/sae_weights.safetensors?url';
import { loadDictionary } from './load.ts';

async function load(gpu: Gpu, config: unknown, address: string): Promise<Dictionary> {
  const response = await fetch(new URL(address, self.location.origin));
  const bytes = new Uint8Array(await response.arrayBuffer());
  const weights = await SafetensorsReader.open(address, inMemory(bytes));
  return loadDictionary(gpu, { id: address, config, weights });
}

/** Encodes and decodes what the golden was made from. */
async function run(
  gpu: Gpu,
  dictionary: Dictionary,
  x: GoldenArray,
): Promise<{ indices: Uint32Array; values: Float32Array; xHat: Float32Array }> {
  const batch = gpu.batch('golden');
  const codes = dictionary.encode(batch, batch.input(goldenValues(x), x.shape));
  const xHat = dictionary.decode(batch, codes);
  const { arrays } = await batch.submit([codes.indices, codes.values, xHat]);
  const [indices, values, decoded] = arrays as [Uint32Array, Float32Array, Float32Array];
  return { indices, values, xHat: decoded };
}

/** The features of one token, by number: the order of equal values is free. */
function byFeature(indices: ArrayLike<number>, values: ArrayLike<number>): [number[], number[]] {
  const pairs = Array.from(indices, (index, i) => [index, values[i]!] as const)
    .filter(([index, value]) => index !== PADDING && value > 0)
    .sort(([a], [b]) => a - b);
  return [pairs.map(([index]) => index), pairs.map(([, value]) => value)];
}

export const cases = gpuCases('dictionary goldens', {
  'random topk dictionaries: features, values and reconstruction of sae-lens': async (gpu) => {
    for (const [config, address, golden] of [
      [plainConfig, plainWeights, plain],
      [rescaledConfig, rescaledWeights, rescaled],
    ] as const) {
      using dictionary = await load(gpu, config, address);
      const { indices, values, xHat } = await run(gpu, dictionary, golden.x);
      const [rows = 0, latents = 0] = golden.f.shape;
      const expected = goldenValues(golden.f);
      const { k } = dictionary;
      for (let t = 0; t < rows; t++) {
        const [ours, ourValues] = byFeature(
          indices.subarray(t * k, (t + 1) * k),
          values.subarray(t * k, (t + 1) * k),
        );
        const [theirs, theirValues] = byFeature(
          Array.from({ length: latents }, (_, feature) => feature),
          expected.subarray(t * latents, (t + 1) * latents),
        );
        expectEqual(ours, theirs, `features of row ${t}`);
        expectClose(ourValues, theirValues, { relative: 1e-3 }, `values of row ${t}`);
      }
      expectClose(xHat, goldenValues(golden.x_hat), { relative: 1e-3 }, 'reconstruction');
    }
  },
  'bundled dictionaries: features, values and reconstruction of sae-lens': async (gpu) => {
    for (const [hook, golden] of Object.entries({
      'blocks.2.hook_resid_pre': middle,
      'blocks.3.hook_resid_post': late,
    })) {
      const folder = `/dictionaries/storyworld-2m/${hook}`;
      const config: unknown = await (await fetch(`${self.location.origin}${folder}/cfg.json`)).json();
      using dictionary = await load(gpu, config, `${folder}/sae_weights.safetensors`);
      if (dictionary.hook !== hook) throw new Error(`reads ${dictionary.hook}`);
      const { indices, values, xHat } = await run(gpu, dictionary, golden.x);
      const expected = goldenValues(golden.values);
      const { k } = dictionary;
      golden.indices.forEach((row, t) => {
        const [ours, ourValues] = byFeature(
          indices.subarray(t * k, (t + 1) * k),
          values.subarray(t * k, (t + 1) * k),
        );
        const [theirs, theirValues] = byFeature(row, expected.subarray(t * k, (t + 1) * k));
        expectEqual(ours, theirs, `${hook}: features of row ${t}`);
        expectClose(ourValues, theirValues, { relative: 1e-3 }, `${hook}: values of row ${t}`);
      });
      expectClose(xHat, goldenValues(golden.x_hat), { relative: 1e-3 }, `${hook}: reconstruction`);
    }
  },
  'an architecture that is not supported yet is refused by name': async (gpu) => {
    let thrown: unknown;
    try {
      await load(gpu, standardConfig, standardWeights);
    } catch (caught) {
      thrown = caught;
    }
    if (!(thrown instanceof FacetError) || thrown.code !== 'unsupported' || !/standard/.test(thrown.message))
      throw new Error(`got ${String(thrown)}`);
  },
});
