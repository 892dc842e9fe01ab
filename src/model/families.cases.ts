import type { Gpu } from '../gpu/gpu.ts';
import { inMemory } from '../library/random-access.ts';
import { SafetensorsReader } from '../library/safetensors.ts';
import type { TensorReader } from '../shared/tensor-file.ts';
import { gpuCases } from '../testing/cases.ts';
import { difference, expectClose } from '../testing/close.ts';
import { type GoldenArray, goldenValues } from '../testing/golden.ts';
import { meanKl } from '../testing/kl.ts';
import { allHooks } from './hooks.ts';
import { Transformer } from './transformer.ts';
import type { LoadWeightsOptions } from './weights.ts';

interface Golden {
  ids: Record<string, number[]>;
  logits: Record<string, GoldenArray>;
  hooks: Record<string, GoldenArray>;
}

const configs = import.meta.glob<Record<string, unknown>>('./goldens/families/*/config.json', {
  eager: true,
  import: 'default',
});
const goldens = import.meta.glob<Golden>('./goldens/families/*/golden.json', { import: 'default' });
const files = import.meta.glob<string>('./goldens/families/*/model.safetensors', {
  eager: true,
  query: '?url',
  import: 'default',
});
const names = Object.keys(configs).map((path) => path.split('/').at(-2)!);
const of = <Value>(map: Record<string, Value>, name: string): Value =>
  Object.entries(map).find(([path]) => path.split('/').at(-2) === name)![1];

async function open(name: string): Promise<TensorReader> {
  const response = await fetch(new URL(of(files, name), self.location.origin));
  return SafetensorsReader.open(name, inMemory(new Uint8Array(await response.arrayBuffer())));
}

async function logitsOf(model: Transformer, ids: readonly number[]): Promise<Float32Array> {
  const batch = model.gpu.batch('golden');
  const { logits } = model.record(batch, { ids: Uint32Array.from(ids), logits: 'all' });
  return (await batch.submit([logits!])).arrays[0] as Float32Array;
}

async function checkLogits(model: Transformer, golden: Golden, what: string): Promise<void> {
  for (const [length, ids] of Object.entries(golden.ids)) {
    const ours = await logitsOf(model, ids);
    const expected = goldenValues(golden.logits[length]!);
    expectClose(ours, expected, { absolute: 1e-3 }, `${what}: logits of ${length} tokens`);
    const kl = meanKl(expected, ours, model.config.dVocab);
    if (!(kl < 1e-5)) throw new Error(`${what}: mean KL ${kl}`);
    const { maxAbsolute, meanAbsolute } = difference(ours, expected);
    console.log(
      `${what} ${length}: max ${maxAbsolute.toExponential(1)} mean ${meanAbsolute.toExponential(1)} KL ${kl.toExponential(1)}`,
    );
  }
}

async function checkHooks(model: Transformer, golden: Golden, what: string): Promise<void> {
  // In forward order, so that the first failure names the stage.
  const hooks = allHooks(model.config).filter((hook) => golden.hooks[hook]);
  if (hooks.length !== Object.keys(golden.hooks).length) throw new Error(`${what}: hooks the runtime lacks`);
  const batch = model.gpu.batch('golden');
  const ids = Uint32Array.from(golden.ids['11']!);
  const { captures } = model.record(batch, { ids, captures: hooks, logits: 'none' });
  const { arrays } = await batch.submit(hooks.map((hook) => captures.get(hook)!));
  // The lowest number stands for minus infinity on both sides and would swamp the scale.
  const finite = (values: ArrayLike<number>) =>
    Float32Array.from(values, (value) => (value < -1e30 ? -1e4 : value));
  let worst = 0;
  hooks.forEach((hook, i) => {
    const expected = finite(goldenValues(golden.hooks[hook]!));
    const tolerance = hook.endsWith('attn_scores') ? { absolute: 1e-3 } : { relative: 1e-3 };
    expectClose(finite(arrays[i]!), expected, tolerance, `${what}: ${hook}`);
    worst = Math.max(worst, difference(finite(arrays[i]!), expected).maxRelative);
  });
  console.log(`${what} hooks: ${hooks.length}, worst relative ${worst.toExponential(1)}`);
}

async function check(
  gpu: Gpu,
  name: string,
  options: Partial<LoadWeightsOptions> = {},
  change: { config?: unknown; reader?: (reader: TensorReader) => TensorReader } = {},
): Promise<void> {
  const reader = await open(name);
  const config = change.config ?? of(configs, name);
  using model = await Transformer.load(gpu, config, change.reader?.(reader) ?? reader, options);
  const golden = await of(goldens, name)();
  await checkLogits(model, golden, name);
  await checkHooks(model, golden, name);
}

export const cases = gpuCases('families', {
  ...Object.fromEntries(
    names.map((name) => [
      `${name}: logits of transformers, hooks of transformer-lens`,
      (gpu: Gpu) => check(gpu, name),
    ]),
  ),
});
