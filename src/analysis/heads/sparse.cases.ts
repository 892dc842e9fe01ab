import type { PairMask } from '../../attention/pair-mask.ts';
import { fillParameters } from '../../attention/pattern.ts';
import { patterns } from '../../attention/patterns/index.ts';
import { maskFromRule } from '../../attention/rule-mask.ts';
import type { Dictionary } from '../../dictionary/dictionary.ts';
import { loadDictionary } from '../../dictionary/load.ts';
import { codeTensors, readCodes } from '../../dictionary/room.ts';
import type { BlockMask } from '../../gpu/block-mask.ts';
import type { Gpu } from '../../gpu/gpu.ts';
import { logProbGather } from '../../gpu/kernels/log_prob_gather.ts';
import gpt2Config from '../../model/goldens/gpt2-random/config.json';
import gpt2Golden from '../../model/goldens/gpt2-random/golden.json';
import gpt2Weights from '../../model/goldens/gpt2-random/model.safetensors?url';
import { hookShape, parseHook } from '../../model/hooks.ts';
import { Transformer } from '../../model/transformer.ts';
import { gpuCases } from '../../testing/cases.ts';
import { expectClose, expectEqual } from '../../testing/close.ts';
import { familyConfig, familyGolden, familyTensors, openUrl } from '../../testing/family-goldens.ts';
import { TestRandom } from '../../testing/random.ts';
import { MemoryTensors } from '../../testing/tensors.ts';
import { type HeadChoice, type Pace, sparsify, type SparsePlan, type SparseResult } from './sparse.ts';
import { compareFeatures } from './sparse-figures.ts';

const ids = Uint32Array.from(gpt2Golden.ids[20]);
const pace: Pace = { turn: (work) => work(), onProgress: () => {} };

const gpt2 = async (gpu: Gpu): Promise<Transformer> =>
  Transformer.load(gpu, gpt2Config, await openUrl('gpt2', gpt2Weights));

function choice(id: string, more: { parameters?: Record<string, number>; budget?: number } = {}): HeadChoice {
  const pattern = patterns.find((each) => each.id === id)!;
  return { pattern, parameters: fillParameters(pattern, more.parameters), budget: more.budget };
}

const run = (model: Transformer, plan: Partial<SparsePlan>): Promise<SparseResult> =>
  sparsify(
    model,
    { ids, blockSize: 4, choice: () => undefined, wantsMask: () => false, features: 50, ...plan },
    pace,
  );

/** Loss and hooks of one whole pass. */
async function whole(
  model: Transformer,
  captures: string[],
  masks?: ReadonlyMap<number, BlockMask>,
): Promise<{ loss: Float32Array; hooks: Float32Array[] }> {
  const batch = model.gpu.batch('whole');
  const found = model.record(batch, { ids, captures, masks, logits: 'all' });
  const targets = new Uint32Array(ids.length);
  targets.set(ids.subarray(1));
  const { logProb } = logProbGather(batch, {
    logits: found.logits!,
    targets: batch.input(targets, [ids.length]),
  });
  const { arrays } = await batch.submit([logProb, ...captures.map((name) => found.captures.get(name)!)]);
  const loss = Float32Array.from(ids, (_, t) => (t === 0 ? NaN : -arrays[0]![t - 1]!));
  return { loss, hooks: arrays.slice(1) as Float32Array[] };
}

const everyLayer = (model: Transformer, mask: BlockMask): Map<number, BlockMask> =>
  new Map(model.config.layers.map((_, layer) => [layer, mask]));

function randomDictionary(gpu: Gpu, hook: string, dIn: number): Promise<Dictionary> {
  const random = new TestRandom(3);
  const dSae = 40;
  const weights = new MemoryTensors()
    .set('W_enc', random.normal(dIn * dSae, 0.5), [dIn, dSae])
    .set('b_enc', random.normal(dSae, 0.1), [dSae])
    .set('W_dec', random.normal(dSae * dIn), [dSae, dIn])
    .set('b_dec', random.normal(dIn, 0.1), [dIn]);
  const config = {
    d_in: dIn, d_sae: dSae, architecture: 'standard',
    metadata: { hook_name: hook, sae_lens_version: '6.54.12' },
  }; // oxfmt-ignore
  return loadDictionary(gpu, { id: hook, config, weights });
}

/** A window and sinks for every head of every layer, as a choice and as the rule the kernel knows. */
const window = { window: 3, sinks: 1 };
const rule = (): BlockMask =>
  maskFromRule({ nQueries: ids.length, nKeys: ids.length, queryOffset: 0, blockSize: 4 }, window);

export const cases = gpuCases('sparse attention of a text', {
  'with nothing left out nothing changes, in every family': async (gpu) => {
    for (const name of ['gemma3', 'gpt_neox', 'llama-biases', 'gpt_neo']) {
      using model = await Transformer.load(gpu, familyConfig(name), await familyTensors(name));
      const golden = await familyGolden(name);
      const longest = Object.values(golden.ids).reduce((a, b) => (b.length > a.length ? b : a));
      for (const { id } of patterns) {
        const own = choice(id, { budget: 1 });
        const found = await run(model, { ids: Uint32Array.from(longest), choice: () => own });
        expectClose(found.lossSparse, found.loss, { absolute: 1e-4 }, `${name} ${id} loss`);
        expectClose(found.kl, new Float32Array(longest.length), { absolute: 1e-5 }, `${name} ${id} KL`);
        expectEqual([found.visited], [1], `${name} ${id} visited`);
        for (const { recall, kept, blindRows } of found.heads)
          expectClose([recall, kept, blindRows], [1, 1, 0], { absolute: 1e-5 }, `${name} ${id} figures`);
      }
    }
  },
  'layer by layer is what one whole pass with the masks is': async (gpu) => {
    using model = await gpt2(gpu);
    const own = choice('sliding-window', { parameters: window });
    const plain = await whole(model, []);
    const masked = await whole(model, [], everyLayer(model, rule()));
    const found = await run(model, { choice: () => own });
    expectClose(found.loss, plain.loss, { absolute: 1e-5 }, 'dense');
    expectClose(found.lossSparse, masked.loss, { absolute: 1e-5 }, 'sparse');
    if (!found.kl.some((value) => value > 1e-3)) throw new Error('the window changed nothing');
    const parts = await run(model, { choice: () => own, mostLogitBytes: 4 * 61 * 3 });
    for (const which of ['loss', 'lossSparse', 'kl'] as const)
      expectClose(parts[which], found[which], { absolute: 1e-5 }, `${which} in parts`);
  },
  'a masked pattern is the true one over the mask, and figures say how much that was': async (gpu) => {
    using model = await gpt2(gpu);
    const { nHeads } = model.config;
    const hook = 'blocks.0.attn.hook_pattern';
    const [dense, masked] = [
      (await whole(model, [hook])).hooks[0]!,
      (await whole(model, [hook], everyLayer(model, rule()))).hooks[0]!,
    ];
    const own = choice('sliding-window', { parameters: window });
    const found = await run(model, {
      choice: (layer) => (layer === 0 ? own : undefined),
      wantsMask: (layer, head) => layer === 0 && head === 1,
    });
    expectEqual(
      found.heads.map(({ layer, head }) => 10 * layer + head),
      Array.from({ length: nHeads }, (_, head) => head),
    );
    const size = ids.length ** 2;
    for (let head = 0; head < nHeads; head++) {
      let recall = 0;
      const expected = dense.slice(head * size, (head + 1) * size);
      for (let t = 0; t < ids.length; t++) {
        const row = expected.subarray(t * ids.length, (t + 1) * ids.length);
        row.forEach((_, s) => {
          if (!(s <= t && (t - s < window.window || s < window.sinks))) row[s] = 0;
        });
        const mass = row.reduce((sum, value) => sum + value, 0);
        recall += mass / ids.length;
        row.forEach((value, s) => (row[s] = value / mass));
      }
      expectClose(
        masked.subarray(head * size, (head + 1) * size),
        expected,
        { absolute: 1e-5 },
        `head ${head}`,
      );
      expectClose([found.heads[head]!.recall], [recall], { absolute: 1e-5 }, `recall of head ${head}`);
    }
    expectEqual([found.masks.length, found.masks[0]!.head], [1, 1]);
    expectClose(found.masks[0]!.dense, dense.subarray(size, 2 * size), { absolute: 1e-6 }, 'dense pattern');
    expectEqual(
      found.masks[0]!.mask,
      Uint8Array.from(masked.subarray(size, 2 * size), (value) => Number(value > 0)),
      'mask',
    );
  },
  'patterns that look at queries and keys see those of the sparse model': async (gpu) => {
    using model = await gpt2(gpu);
    const { nHeads, dHead, attentionScale: scale } = model.config;
    const first = choice('sliding-window', { parameters: window });
    const second = choice('block-top-k', { budget: 0.7 });
    const found = await run(model, {
      choice: (layer) => (layer === 0 ? first : second),
      wantsMask: (layer) => layer === 1,
    });
    const names = ['q', 'k'].map((which) => `blocks.1.attn.hook_${which}`);
    const build = async (masks?: Map<number, BlockMask>): Promise<PairMask[]> => {
      const { hooks } = await whole(model, names, masks);
      const shape = { nQueries: ids.length, nKeys: ids.length, queryOffset: 0, blockSize: 4, window: 0 };
      return Array.from({ length: nHeads }, (_, head) => {
        const [q, k] = hooks.map((rows) =>
          Float32Array.from(
            { length: ids.length * dHead },
            (__, i) => rows[(Math.floor(i / dHead) * nHeads + head) * dHead + (i % dHead)]!,
          ),
        );
        return second.pattern.build(
          { ...shape, heads: { q: q!, k: k!, dHead, scale, cap: 0 } },
          second.parameters,
          second.budget,
        );
      });
    };
    const expected = await build(new Map([[0, rule()]]));
    const dense = await build();
    let differs = false;
    found.masks.forEach(({ head, mask }) => {
      mask.forEach((seen, i) => {
        const [t, s] = [Math.floor(i / ids.length), i % ids.length];
        if (expected[head]!.has(t, s) !== (seen === 1)) throw new Error(`head ${head}: ${t} sees ${s}`);
        differs ||= dense[head]!.has(t, s) !== (seen === 1);
      });
    });
    if (!differs) throw new Error('the dense model would have chosen the same: this case shows nothing');
  },
  'features are those of two whole passes, wherever the dictionary reads': async (gpu) => {
    using model = await gpt2(gpu);
    const own = choice('sliding-window', { parameters: window });
    for (const hook of [
      'hook_embed',
      'blocks.0.attn.hook_z',
      'blocks.1.hook_resid_pre',
      'blocks.0.hook_resid_post',
      'blocks.1.mlp.hook_post',
      'ln_final.hook_normalized',
    ]) {
      const width = hookShape(parseHook(hook, model.config), model.config, 1).reduce((a, b) => a * b, 1);
      using dictionary = await randomDictionary(gpu, hook, width);
      const encode = async (masks?: Map<number, BlockMask>) => {
        const batch = gpu.batch('encode');
        const x = batch.input(Float32Array.from((await whole(model, [hook], masks)).hooks[0]!), [
          ids.length,
          width,
        ]);
        const { arrays } = await batch.submit(codeTensors(dictionary.encode(batch, x)));
        return readCodes(arrays, ids.length).codes;
      };
      const { features } = await run(model, { choice: () => own, dictionary });
      const expected = compareFeatures(await encode(), await encode(everyLayer(model, rule())), 50);
      expectClose(
        [features!.jaccard, features!.change],
        [expected.jaccard, expected.change],
        { absolute: 1e-4 },
        hook,
      );
      if (hook === 'hook_embed') expectEqual([features!.change, features!.most.length], [0, 0], hook);
      else if (!(features!.change > 1e-3)) throw new Error(`${hook}: nothing changed`);
    }
  },
  'one token, and a model half of whose heads are dense': async (gpu) => {
    using model = await gpt2(gpu);
    const own = choice('vertical-slash', { budget: 0.5 });
    const found = await run(model, { ids: ids.slice(0, 1), choice: () => own });
    expectEqual([found.visited, found.kl[0]!], [1, 0], 'one token');
    const half = await run(model, { choice: (_, head) => (head === 0 ? own : undefined) });
    const mean = half.heads.reduce((sum, { visited }) => sum + visited, 0) / half.heads.length;
    const { nHeads } = model.config;
    expectClose([half.visited], [(mean + nHeads - 1) / nHeads], { absolute: 1e-6 }, 'visited');
  },
  'a run that is stopped gives everything back': async (gpu) => {
    using model = await gpt2(gpu);
    const own = choice('block-oracle', { budget: 0.5 });
    await run(model, { choice: () => own });
    const before = gpu.allocatedBytes;
    let turns = 0;
    const stopping: Pace = {
      turn: (work) => (++turns > 3 ? Promise.reject(new Error('stopped')) : work()),
      onProgress: () => {},
    };
    const plan = { ids, blockSize: 4, choice: () => own, wantsMask: () => false, features: 5 };
    const said = await sparsify(model, plan, stopping).then(
      () => 'finished',
      (thrown: Error) => thrown.message,
    );
    if (said !== 'stopped') throw new Error(said);
    await run(model, { choice: () => own });
    expectEqual([gpu.allocatedBytes], [before], 'allocated');
  },
});
