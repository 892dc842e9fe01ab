import type { Gpu } from '../gpu/gpu.ts';
import { inMemory } from '../library/random-access.ts';
import { SafetensorsReader } from '../library/safetensors.ts';
import { FacetError } from '../shared/errors.ts';
import { gpuCases } from '../testing/cases.ts';
import { expectClose, expectEqual } from '../testing/close.ts';
import { type GoldenArray, goldenValues } from '../testing/golden.ts';
import type { SparseCodes } from './codes.ts';
import type { Dictionary } from './dictionary.ts';
import { formatOf } from './formats/index.ts';
import attentionOutput from './goldens/attention-output.json';
import dictionaryLearning from './goldens/dictionary-learning.json';
import gemmaScope2 from './goldens/gemma-scope-2.json';
import gemmaScope from './goldens/gemma-scope.json';
import openai from './goldens/openai.json';
import saeLens from './goldens/sae-lens.json';
import sparsify from './goldens/sparsify.json';
import standardConfig from './goldens/standard-random/cfg.json';
import standard from './goldens/standard-random/golden.json';
import standardWeights from './goldens/standard-random/sae_weights.safetensors?url';
import heads from './goldens/storyworld-2m/blocks.2.attn.hook_z.json';
import early from './goldens/storyworld-2m/blocks.1.hook_resid_mid.json';
import middle from './goldens/storyworld-2m/blocks.2.hook_resid_pre.json';
import late from './goldens/storyworld-2m/blocks.3.hook_resid_post.json';
import plainConfig from './goldens/topk-random/cfg.json';
import plain from './goldens/topk-random/golden.json';
import plainWeights from './goldens/topk-random/sae_weights.safetensors?url';
import rescaledConfig from './goldens/topk-rescaled/cfg.json';
import rescaled from './goldens/topk-rescaled/golden.json';
import rescaledWeights from './goldens/topk-rescaled/sae_weights.safetensors?url';
import { loadDictionary, uploadDictionary } from './load.ts';
import { codeTensors, readCodes, withRoom } from './room.ts';

/** As `training/goldens_dictionaries.py` writes it. */
interface Golden {
  name: string;
  config: unknown;
  path: string;
  repository: string | null;
  weights: string;
  x: GoldenArray;
  f: GoldenArray;
  y: GoldenArray;
}

const FORMATS: Record<string, Golden[]> = {
  'sae-lens': saeLens,
  sparsify,
  'dictionary-learning': dictionaryLearning,
  'gemma-scope': gemmaScope,
  'gemma-scope-2': gemmaScope2,
  openai,
  'attention-output': attentionOutput,
};

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
  { shape, ...rest }: GoldenArray,
): Promise<{ codes: SparseCodes; xHat: Float32Array }> {
  return withRoom(dictionary, shape[0]!, async () => {
    const batch = gpu.batch('golden');
    const x = batch.input(goldenValues({ shape, ...rest }), shape);
    const codes = dictionary.encode(batch, x);
    const reads = codeTensors(codes);
    const { arrays } = await batch.submit([...reads, dictionary.decode(batch, codes, x)]);
    const read = readCodes(arrays.slice(0, reads.length), shape[0]!);
    return { result: { codes: read.codes, xHat: arrays.at(-1) as Float32Array }, read: [read] };
  });
}

/** [T, F] as the reference has them; checks on the way that features come strongest first. */
function dense({ offsets, indices, values }: SparseCodes, latents: number): Float32Array {
  const all = new Float32Array((offsets.length - 1) * latents);
  for (let t = 0; t + 1 < offsets.length; t++) {
    for (let i = offsets[t]!; i < offsets[t + 1]!; i++) {
      if (i > offsets[t]! && values[i]! > values[i - 1]!) throw new Error(`token ${t}: not strongest first`);
      if (!(values[i]! > 0) || all[t * latents + indices[i]!] !== 0)
        throw new Error(`token ${t}: entry ${i}`);
      all[t * latents + indices[i]!] = values[i]!;
    }
  }
  return all;
}

/** Features must be the same, values within 1e-3 of the largest of their token. */
async function check(
  gpu: Gpu,
  dictionary: Dictionary,
  { x, f, y }: Pick<Golden, 'x' | 'f' | 'y'>,
  what: string,
): Promise<void> {
  const { codes, xHat } = await run(gpu, dictionary, x);
  const [rows = 0, latents = 0] = f.shape;
  expectEqual([dictionary.dSae, dictionary.dIn, dictionary.dOut], [latents, x.shape[1]!, y.shape[1]!], what);
  const ours = dense(codes, latents);
  const theirs = goldenValues(f);
  for (let t = 0; t < rows; t++) {
    const row = (values: Float32Array): Float32Array => values.subarray(t * latents, (t + 1) * latents);
    const active = (values: Float32Array): number[] =>
      Array.from(values, (value, index) => (value > 0 ? index : -1)).filter((index) => index >= 0);
    expectEqual(active(row(ours)), active(row(theirs)), `${what}: features of token ${t}`);
    expectClose(row(ours), row(theirs), { relative: 1e-3 }, `${what}: values of token ${t}`);
  }
  expectClose(xHat, goldenValues(y), { relative: 1e-3 }, `${what}: reconstruction`);
  await checkRows(gpu, dictionary, x, theirs, what);
}

/** Every activation of the reference is what the encoder's row of its feature makes of the token's input. */
async function checkRows(
  gpu: Gpu,
  dictionary: Dictionary,
  { shape, ...rest }: GoldenArray,
  f: Float32Array,
  what: string,
): Promise<void> {
  const { dIn, dSae } = dictionary;
  const given = goldenValues({ shape, ...rest });
  const features = Array.from({ length: dSae }, (_, i) => dSae - 1 - i);
  const batch = gpu.batch('rows');
  const x = batch.input(given, shape);
  const { directions, constants } = dictionary.encoderRows(batch, features);
  const scales = dictionary.inputScales(batch, x);
  const { arrays } = await batch.submit([directions, constants, ...(scales ? [scales] : [])]);
  const made = Float32Array.from(f, (value, at) => {
    if (value === 0) return 0;
    const [t, row] = [Math.floor(at / dSae), dSae - 1 - (at % dSae)];
    let dot = 0;
    for (let i = 0; i < dIn; i++) dot += given[t * dIn + i]! * arrays[0]![row * dIn + i]!;
    return dot * (arrays[2]?.[4 * t + 1] ?? 1) + arrays[1]![row]!;
  });
  expectClose(made, f, { relative: 1e-4 }, `${what}: encoder rows`);
}

const formatCases = Object.entries(FORMATS).map(([id, goldens]) => [
  `${id}: features, values and reconstruction of the reference, for every option`,
  async (gpu: Gpu) => {
    for (const { name, config, path, repository, weights, ...golden } of goldens) {
      const bytes = Uint8Array.from(atob(weights), (character) => character.charCodeAt(0));
      const reader = await SafetensorsReader.open(name, inMemory(bytes));
      const files = {
        config: config ?? undefined,
        weights: reader,
        path,
        repository: repository ?? undefined,
      };
      expectEqual([formatOf(files).id === id ? 1 : 0], [1], `${name} is of the format`);
      for (const storage of ['file', 'f32'] as const) {
        using dictionary = await loadDictionary(gpu, { id: name, ...files, storage });
        await check(gpu, dictionary, golden, `${id}, ${name}`);
        // As if a buffer held 16 latents: every matrix is in parts.
        const record = await formatOf(files).read(files, storage);
        using parted = await uploadDictionary(gpu, name, record, { mostBytes: 640 });
        if (storage === 'f32' && parted.dOut === 8 && parted.wDec.length < 2)
          throw new Error('is in one part');
        await check(gpu, parted, golden, `${id}, ${name}, in parts`);
      }
    }
  },
]) as [string, (gpu: Gpu) => Promise<void>][];

export const cases = gpuCases('dictionary goldens', {
  ...Object.fromEntries(formatCases),
  'random dictionaries in files of sae-lens': async (gpu) => {
    for (const [config, address, golden] of [
      [plainConfig, plainWeights, plain],
      [rescaledConfig, rescaledWeights, rescaled],
      [standardConfig, standardWeights, standard],
    ] as const) {
      using dictionary = await load(gpu, config, address);
      await check(gpu, dictionary, { ...golden, y: golden.x_hat }, address);
    }
  },
  'bundled dictionaries: features, values and reconstruction of sae-lens': async (gpu) => {
    for (const [hook, golden] of Object.entries({
      'blocks.2.attn.hook_z': heads,
      'blocks.1.hook_resid_mid': early,
      'blocks.2.hook_resid_pre': middle,
      'blocks.3.hook_resid_post': late,
    })) {
      const folder = `/dictionaries/storyworld-2m/${hook}`;
      const config: unknown = await (await fetch(`${self.location.origin}${folder}/cfg.json`)).json();
      using dictionary = await load(gpu, config, `${folder}/sae_weights.safetensors`);
      if (dictionary.hook !== hook) throw new Error(`reads ${dictionary.hook}`);
      const { codes, xHat } = await run(gpu, dictionary, golden.x);
      const f = new Float32Array(golden.indices.length * dictionary.dSae);
      const values = goldenValues(golden.values);
      golden.indices.forEach((row, t) =>
        row.forEach((index, i) => (f[t * dictionary.dSae + index] = values[t * dictionary.k + i]!)),
      );
      const ours = dense(codes, dictionary.dSae);
      expectEqual(
        ours.map((value) => (value > 0 ? 1 : 0)),
        f.map((value) => (value > 0 ? 1 : 0)),
        `${hook}: features`,
      );
      expectClose(ours, f, { relative: 1e-3 }, `${hook}: values`);
      expectClose(xHat, goldenValues(golden.x_hat), { relative: 1e-3 }, `${hook}: reconstruction`);
    }
  },
  'a constant that both sides have: taken off before encoding, put back after decoding': async (gpu) => {
    const { name, weights, x, ...golden } = attentionOutput[0]!;
    const bytes = Uint8Array.from(atob(weights), (character) => character.charCodeAt(0));
    const files = { ...golden, weights: await SafetensorsReader.open(name, inMemory(bytes)) };
    const record = await formatOf(files).read(files, 'file');
    if (!record.withoutConstant) throw new Error('says nothing of a constant');
    const shift = Float32Array.from({ length: record.dOut }, (_, i) => Math.sin(3 * i));
    using dictionary = await uploadDictionary(gpu, name, record, { shift });
    const shifted = (array: GoldenArray): GoldenArray => {
      const values = goldenValues(array).map((value, i) => value + shift[i % record.dOut]!);
      const raw = String.fromCharCode(...new Uint8Array(values.buffer));
      return { shape: array.shape, b64: btoa(raw) };
    };
    await check(gpu, dictionary, { ...golden, x: shifted(x), y: shifted(golden.y) }, 'shifted');
  },
  'an architecture that is not supported is refused by name': async (gpu) => {
    let thrown: unknown;
    try {
      await load(gpu, { ...standardConfig, architecture: 'matching_pursuit' }, standardWeights);
    } catch (caught) {
      thrown = caught;
    }
    if (!(thrown instanceof FacetError) || thrown.code !== 'unsupported' || !/pursuit/.test(thrown.message))
      throw new Error(`got ${String(thrown)}`);
  },
});
