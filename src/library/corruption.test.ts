import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseSaeLensConfig } from '../dictionary/formats/sae-lens-config.ts';
import { families, familyOf } from '../model/families/index.ts';
import { fromGguf } from '../model/gguf/index.ts';
import { ModelTokenizer } from '../model/tokenizer.ts';
import { FacetError } from '../shared/errors.ts';
import type { TensorReader } from '../shared/tensor-file.ts';
import { corrupt, mangle, WatchedFile } from '../testing/corruption.ts';
import { TestRandom } from '../testing/random.ts';
import { MemoryTensors } from '../testing/tensors.ts';
import { GgufReader } from './gguf.ts';
import { NpzReader } from './npz.ts';
import { inMemory } from './random-access.ts';
import { SafetensorsReader } from './safetensors.ts';
import { openSharded } from './sharded.ts';

const bytesOf = (path: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(readFileSync(new URL(path, import.meta.url)));
const ggufNames = readdirSync(new URL('../model/gguf/goldens/', import.meta.url)).filter(
  (name) => !name.endsWith('.json'),
);
const jsonOf = (path: string): unknown => JSON.parse(new TextDecoder().decode(bytesOf(path)));

/** Processor time, which other processes do not add to, in milliseconds. */
const LONGEST = 1000;
const PART = 65_536;

/** Runs `act` on something damaged. It must succeed or throw a FacetError, and soon. */
async function survives(how: string, act: () => unknown): Promise<'read' | 'refused'> {
  const before = process.cpuUsage();
  let outcome: 'read' | 'refused' = 'read';
  try {
    await act();
  } catch (error) {
    if (!(error instanceof FacetError)) throw new Error(`${how}: ${String(error)}`, { cause: error });
    outcome = 'refused';
  }
  const { user, system } = process.cpuUsage(before);
  if ((user + system) / 1000 > LONGEST) throw new Error(`${how}: took ${(user + system) / 1000} ms`);
  return outcome;
}

async function readAll(reader: TensorReader): Promise<void> {
  for (const name of reader.names()) {
    const count = reader.info(name)!.shape.reduce((product, axis) => product * axis, 1);
    for (let from = 0; from < count; from += PART)
      await reader.read(name, from, Math.min(count, from + PART));
  }
}

const containers: Record<string, { files: string[]; open: (file: WatchedFile) => Promise<void> }> = {
  safetensors: {
    files: [
      '../dictionary/goldens/topk-random/sae_weights.safetensors',
      '../model/goldens/gpt2-random/model.safetensors',
    ],
    open: async (file) => readAll(await SafetensorsReader.open('m.safetensors', file)),
  },
  npz: {
    files: ['goldens/stored.npz', 'goldens/deflated.npz', 'goldens/version2.npz'],
    open: async (file) => readAll(await NpzReader.open('m.npz', file)),
  },
  GGUF: {
    files: ['goldens/types.gguf', ...ggufNames.map((name) => `../model/gguf/goldens/${name}/model.gguf`)],
    open: async (file) => {
      const reader = await GgufReader.open('m.gguf', file);
      await readAll(reader);
      const { config, weights } = await fromGguf(reader);
      await readAll(weights);
      const type = (config as { model_type: string }).model_type;
      families.find(({ ids }) => ids.includes(type))?.parseConfig(config);
    },
  },
};

test.each(Object.entries(containers))(
  '500 damaged %s files are read or refused, never with more than twice their bytes',
  async (_, { files, open }) => {
    const random = new TestRandom(5);
    const originals = files.map(bytesOf);
    const outcomes = { read: 0, refused: 0 };
    for (let i = 0; i < 500; i++) {
      const { bytes, how } = corrupt(originals[i % originals.length]!, random);
      const file = new WatchedFile(bytes);
      const name = `${i}, ${files[i % files.length]}, ${how}`;
      outcomes[await survives(name, () => open(file))] += 1;
      expect(file.most, name).toBeLessThanOrEqual(2 * file.size);
    }
    // Damage that is never noticed, or always, would say that the wrong places are hit.
    expect(Math.min(outcomes.read, outcomes.refused)).toBeGreaterThan(20);
  },
  60_000,
);

/** Mangles one of the values `count` times and acts on it. */
async function mangled(
  count: number,
  values: readonly unknown[],
  act: (json: unknown) => unknown,
): Promise<void> {
  const random = new TestRandom(6);
  let refused = 0;
  for (let i = 0; i < count; i++) {
    const { json, how } = mangle(values[i % values.length], random);
    if ((await survives(`${i}, ${how}`, () => act(json))) === 'refused') refused += 1;
  }
  expect(refused).toBeGreaterThan(count / 20);
}

const gguf = async (name: string) =>
  fromGguf(await GgufReader.open(name, inMemory(bytesOf(`../model/gguf/goldens/${name}/model.gguf`))));

test('150 mangled cfg.json', async () => {
  const configs = ['topk-random', 'topk-rescaled', 'standard-random'].map((name) =>
    jsonOf(`../dictionary/goldens/${name}/cfg.json`),
  );
  await mangled(150, configs, parseSaeLensConfig);
});

test('150 mangled config.json of every family', async () => {
  const made = await Promise.all(
    ggufNames.map(async (name) => (await gguf(name)).config as { model_type: string }),
  );
  const known = made.filter(({ model_type: type }) => families.some(({ ids }) => ids.includes(type)));
  expect(known.length).toBeGreaterThan(0);
  await mangled(150, [jsonOf('../model/goldens/gpt2-random/config.json'), ...known], (json) => {
    const family = familyOf(json);
    family.weights(family.parseConfig(json));
  });
});

test('150 mangled tokenizer.json', async () => {
  const { tokenizer } = await gguf('smollm');
  const { config } = tokenizer;
  await mangled(150, [tokenizer.json], (json) => {
    new ModelTokenizer(json, config).tokenize('When Mary and John went to the store, 1732.');
  });
}, 60_000);

test('150 mangled indexes of shards', async () => {
  const shards = new Map([
    ['a.safetensors', new MemoryTensors().set('v', Float32Array.of(1), [1])],
    ['b.safetensors', new MemoryTensors().set('w', Float32Array.of(2), [1])],
  ]);
  const index = { metadata: { total_size: 8 }, weight_map: { v: 'a.safetensors', w: 'b.safetensors' } };
  await mangled(150, [index], (json) =>
    openSharded(json, async (file) => {
      const shard = shards.get(file);
      if (!shard) throw new FacetError('not-found', `no ${file}`);
      return shard;
    }),
  );
});
