import type { Gpu } from '../gpu/gpu.ts';
import { SafetensorsReader } from '../library/safetensors.ts';
import { gpuCases } from '../testing/cases.ts';
import { difference, expectClose, expectEqual } from '../testing/close.ts';
import { type GoldenArray, goldenValues } from '../testing/golden.ts';
import { meanKl } from '../testing/kl.ts';
import randomConfig from './goldens/gpt2-random/config.json';
import randomGolden from './goldens/gpt2-random/golden.json';
import randomWeights from './goldens/gpt2-random/model.safetensors?url';
import bundledGolden from './goldens/storyworld-2m/golden.json';
import { Transformer } from './transformer.ts';

async function load(
  gpu: Gpu,
  config: unknown,
  address: string,
  storage: 'file' | 'f32' = 'file',
): Promise<Transformer> {
  const bytes = new Uint8Array(await (await fetch(new URL(address, self.location.origin))).arrayBuffer());
  const file = {
    size: bytes.length,
    read: (from: number, to: number) => Promise.resolve(bytes.subarray(from, to)),
  };
  return Transformer.load(gpu, config, await SafetensorsReader.open(address, file), { storage });
}

async function loadBundled(gpu: Gpu, storage: 'file' | 'f32' = 'file'): Promise<Transformer> {
  const folder = `${self.location.origin}/models/storyworld-2m/`;
  return load(gpu, await (await fetch(`${folder}config.json`)).json(), `${folder}model.safetensors`, storage);
}

function logSumExps(logits: Float32Array, width: number): number[] {
  return Array.from({ length: logits.length / width }, (_, row) => {
    const part = logits.subarray(row * width, (row + 1) * width);
    const highest = part.reduce((most, value) => Math.max(most, value), -Infinity);
    return highest + Math.log(part.reduce((sum, value) => sum + Math.exp(value - highest), 0));
  });
}

const argmax = (row: Float32Array): number =>
  row.reduce((best, value, i) => (value > row[best]! ? i : best), 0);

export const cases = gpuCases('transformer', {
  'random GPT-2: logits of transformers': async (gpu) => {
    using model = await load(gpu, randomConfig, randomWeights);
    for (const [length, ids] of Object.entries(randomGolden.ids)) {
      const batch = gpu.batch('golden');
      const { logits } = model.record(batch, { ids: Uint32Array.from(ids), logits: 'all' });
      const { arrays } = await batch.submit([logits!]);
      const ours = arrays[0] as Float32Array<ArrayBuffer>;
      const expected = goldenValues((randomGolden.logits as Record<string, GoldenArray>)[length]!);
      expectClose(ours, expected, { absolute: 1e-3 }, `logits of ${length} tokens`);
      const kl = meanKl(expected, ours, 61);
      if (!(kl < 1e-5)) throw new Error(`mean KL ${kl}`);
      for (let t = 0; t < ids.length; t++) {
        const row = (all: Float32Array) => argmax(all.subarray(t * 61, (t + 1) * 61));
        if (row(ours) !== row(expected)) throw new Error(`arg-max differs at ${t}`);
      }
    }
  },
  'random GPT-2: every hook of transformer-lens, in forward order': async (gpu) => {
    using model = await load(gpu, randomConfig, randomWeights);
    const hooks = Object.entries(randomGolden.hooks as Record<string, GoldenArray>);
    const batch = gpu.batch('golden');
    const ids = Uint32Array.from(randomGolden.ids['20']);
    const { captures } = model.record(batch, { ids, captures: hooks.map(([name]) => name), logits: 'none' });
    const { arrays } = await batch.submit(hooks.map(([name]) => captures.get(name)!));
    hooks.forEach(([name, golden], i) => {
      // The lowest number stands for minus infinity on both sides and would swamp the scale.
      const finite = (values: ArrayLike<number>) =>
        Float32Array.from(values, (value) => (value < -1e30 ? -1e4 : value));
      const scale = name.endsWith('attn_scores') ? { absolute: 1e-3 } : { relative: 1e-3 };
      expectClose(finite(arrays[i]!), finite(goldenValues(golden)), scale, name);
    });
  },
  'captures change nothing: fused and unfused passes agree': async (gpu) => {
    using model = await load(gpu, randomConfig, randomWeights);
    const ids = Uint32Array.from(randomGolden.ids['20']);
    const run = async (captures: string[]) => {
      const batch = gpu.batch('golden');
      const { logits } = model.record(batch, { ids, captures, logits: 'all' });
      return (await batch.submit([logits!])).arrays[0]!;
    };
    const plain = await run([]);
    expectClose(await run(Object.keys(randomGolden.hooks)), plain, { absolute: 1e-5 }, 'logits');
  },
  'resuming from a cached residual gives the same logits, the last row alone too': async (gpu) => {
    using model = await load(gpu, randomConfig, randomWeights);
    const ids = Uint32Array.from(randomGolden.ids['20']);
    const batch = gpu.batch('golden');
    const whole = model.record(batch, { ids, captures: ['blocks.1.hook_resid_pre'], logits: 'all' });
    const residual = whole.captures.get('blocks.1.hook_resid_pre')!;
    const resumed = model.record(batch, { ids, logits: 'all', resume: { layer: 1, residual } });
    const last = model.record(batch, { ids, logits: 'last' });
    const { arrays } = await batch.submit([whole.logits!, resumed.logits!, last.logits!]);
    expectEqual(arrays[1]!, arrays[0]!, 'resumed logits');
    expectClose(arrays[2]!, arrays[0]!.slice(19 * 61), { absolute: 1e-5 }, 'last logits');
  },
  'bundled model: loss, logits and residual stream of transformers and transformer-lens': async (gpu) => {
    for (const storage of ['file', 'f32'] as const) {
      using model = await loadBundled(gpu, storage);
      for (const golden of [bundledGolden.short, bundledGolden.long]) {
        const ids = Uint32Array.from(golden.ids);
        const hooks = Object.entries('hooks' in golden ? (golden.hooks as Record<string, GoldenArray>) : {});
        const batch = gpu.batch('golden');
        const { captures, logits } = model.record(batch, {
          ids,
          captures: hooks.map(([name]) => name),
          logits: 'all',
        });
        const { arrays } = await batch.submit([logits!, ...hooks.map(([name]) => captures.get(name)!)]);
        const ours = arrays[0] as Float32Array<ArrayBuffer>;
        const width = model.config.dVocab;
        expectClose(
          ours.slice(-4 * width),
          goldenValues(golden.last_logits),
          { absolute: 1e-3 },
          `${storage} logits`,
        );
        expectEqual(
          golden.argmax.map((_, t) => argmax(ours.subarray(t * width, (t + 1) * width))),
          golden.argmax,
          'arg-max',
        );
        expectClose(logSumExps(ours, width), goldenValues(golden.lse), { absolute: 1e-3 }, 'log-sum-exp');
        const kl = meanKl(goldenValues(golden.last_logits), ours.slice(-4 * width), width);
        if (!(kl < 1e-5)) throw new Error(`mean KL ${kl}`);
        hooks.forEach(([name, values], i) =>
          expectClose(arrays[i + 1]!, goldenValues(values), { relative: 1e-3 }, name),
        );
        if (difference(ours.slice(-4 * width), goldenValues(golden.last_logits)).maxAbsolute === 0)
          throw new Error('suspiciously exact');
      }
    }
  },
});
