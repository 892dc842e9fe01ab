import { klRowsReference } from '../../gpu/reference/kl_rows.ts';
import { logSumExp } from '../../gpu/reference/log_prob_gather.ts';
import type { Gpu } from '../../gpu/gpu.ts';
import type { Transformer } from '../../model/transformer.ts';
import { addedRows, type AddedRows } from '../../testing/added-rows.ts';
import { bundledDictionary, bundledModel } from '../../testing/bundled.ts';
import { gpuCases } from '../../testing/cases.ts';
import { expectClose, expectEqual } from '../../testing/close.ts';
import { TestRandom } from '../../testing/random.ts';
import { tinyModel } from '../../testing/tiny-heads.ts';
import { analyzePrompt } from '../prompt.ts';
import { Baselines } from './baselines.ts';
import {
  type Compared,
  type ComparedSide,
  type CompareOptions,
  compareText,
  type SteeredPass,
} from './compare.ts';
import type { PassRows } from './steering.ts';

type Ids = Uint32Array<ArrayBuffer>;

const LENGTH = 24;
const FIRST = 7;
const options: CompareOptions = { row: LENGTH - 1, nextTokens: 10, movers: 6, frozen: false };

const models: Record<string, (gpu: Gpu) => Promise<Transformer>> = {
  bundled: bundledModel,
  llama: async (gpu) => (await tinyModel(gpu, 'llama')).model,
};

function someIds(model: Transformer, seed = 1, length = LENGTH): Ids {
  const random = new TestRandom(seed);
  return Uint32Array.from({ length }, () => random.integer(model.config.dVocab));
}

function rowsOf(ids: Ids): PassRows {
  return { offset: 0, special: Array.from(ids, () => false), promptRows: ids.length };
}

/** Something added from row `first` on. */
function noise(model: Transformer, hook: string, layer: number, size = 1, first = FIRST): AddedRows {
  const values = new TestRandom(layer + 9).normal(LENGTH * model.config.dModel, size);
  return { hook, layer, values: values.fill(0, 0, first * model.config.dModel) };
}

/** Adds at every kind of place of a layer's residual stream, and in the middle of a block. */
function places(model: Transformer): AddedRows[] {
  const { nLayers, parallel } = model.config;
  return [
    noise(model, 'hook_embed', -1),
    noise(model, 'blocks.0.hook_resid_pre', 0),
    noise(model, `blocks.${nLayers - 1}.hook_resid_pre`, nLayers - 1),
    noise(model, `blocks.${nLayers - 1}.hook_resid_post`, nLayers - 1),
    ...(parallel ? [] : [noise(model, 'blocks.1.hook_resid_mid', 1)]),
    noise(model, 'blocks.1.hook_mlp_out', 1),
  ];
}

/** Logits of a pass from the embedding on. */
async function fullLogits(model: Transformer, ids: Ids, steering?: SteeredPass): Promise<Float32Array> {
  const batch = model.gpu.batch('check');
  const edits = steering?.edits(rowsOf(ids)).edits;
  const { logits } = model.record(batch, { ids, logits: 'all', edits });
  const { arrays } = await batch.submit([logits!]);
  return arrays[0] as Float32Array;
}

/** What a side must be, from all logits, without any of the product's code for it. */
function plainSide(ids: Ids, base: Float32Array, own: Float32Array, asked: CompareOptions): ComparedSide {
  const width = base.length / ids.length;
  const logProbs = (logits: Float32Array, row: number): number[] => {
    const values = logits.subarray(row * width, (row + 1) * width);
    const lse = logSumExp(values);
    return Array.from(values, (value) => value - lse);
  };
  const [before, after] = [base, own].map((logits) => logProbs(logits, asked.row).map(Math.exp));
  const order = after!.map((_, id) => id).sort((a, b) => after![b]! - after![a]! || a - b);
  const change = after!.map((p, id) => p - before![id]!);
  const byChange = change.map((_, id) => id).sort((a, b) => change[b]! - change[a]!);
  const moved = [...byChange.slice(0, asked.movers), ...byChange.slice(-asked.movers)];
  return {
    loss: Float32Array.from(ids, (id, row) => (row === 0 ? NaN : -logProbs(own, row - 1)[id]!)),
    kl: Float32Array.from(klRowsReference(base, own, width)),
    next: {
      ids: Uint32Array.from(order.slice(0, asked.nextTokens)),
      probs: Float32Array.from(order.slice(0, asked.nextTokens), (id) => after![id]!),
    },
    movers: moved
      .sort((a, b) => Math.abs(change[b]!) - Math.abs(change[a]!))
      .map((id) => ({ id, before: before![id]!, after: after![id]! })),
  };
}

function expectSide(actual: ComparedSide, expected: ComparedSide, what: string): void {
  expectClose(actual.loss, expected.loss, { absolute: 2e-5 }, `${what}: loss`);
  expectClose(actual.kl, expected.kl, { absolute: 1e-6, relative: 1e-5 }, `${what}: kl`);
  expectEqual(actual.next.ids, expected.next.ids, `${what}: next`);
  expectClose(actual.next.probs, expected.next.probs, { absolute: 1e-5 }, `${what}: probabilities`);
  expectEqual(
    actual.movers.map(({ id }) => id),
    expected.movers.map(({ id }) => id),
    `${what}: movers`,
  );
  for (const time of ['before', 'after'] as const)
    expectClose(
      actual.movers.map((mover) => mover[time]),
      expected.movers.map((mover) => mover[time]),
      { absolute: 1e-5 },
      `${what}: movers ${time}`,
    );
}

function compare(
  model: Transformer,
  baselines: Baselines,
  ids: Ids,
  steering: SteeredPass,
  more: Partial<CompareOptions> = {},
): Promise<Compared> {
  return compareText({ model, baselines }, { ids, rows: rowsOf(ids) }, steering, { ...options, ...more });
}

function expectSame(actual: ComparedSide, expected: ComparedSide, what: string): void {
  expectEqual(actual.loss.subarray(1), expected.loss.subarray(1), `${what}: loss`);
  expectEqual(actual.kl, expected.kl, `${what}: kl`);
  expectEqual(actual.next.ids, expected.next.ids, `${what}: next`);
  expectEqual(actual.next.probs, expected.next.probs, `${what}: probabilities`);
}

export const cases = gpuCases('comparing with and without interventions', {
  'a resumed pass says what one from scratch says; divergences and movers are those of the full logits':
    async (gpu) => {
      for (const [name, load] of Object.entries(models)) {
        using model = await load(gpu);
        using baselines = new Baselines(model);
        const ids = someIds(model);
        const base = await fullLogits(model, ids);
        for (const added of places(model)) {
          const what = `${name}, ${added.hook}`;
          const steering = addedRows([added]);
          const expected = plainSide(ids, base, await fullLogits(model, ids, steering), options);
          for (const time of ['cold', 'warm']) {
            const found = await compare(model, baselines, ids, steering);
            expectEqual([found.resumedAt], [Math.max(0, added.layer)], what);
            expectSide(found.steered, expected, `${what}, ${time}`);
            if (!found.steered.kl.every((value) => value >= 0))
              throw new Error(`${what}: negative divergence`);
            if (found.frozen) throw new Error('nobody asked for frozen attention');
          }
        }
      }
    },
  'the base is what a reading says, digit for digit, and logits in parts what logits in one piece say':
    async (gpu) => {
      using model = await bundledModel(gpu);
      const ids = someIds(model);
      const row = 11;
      const steering = addedRows([noise(model, 'blocks.2.hook_resid_pre', 2)]);
      const partBytes = 4 * model.config.dVocab * 7;
      for (const limits of [
        { texts: 4, bytes: 2 ** 27 },
        { texts: 4, bytes: 2 ** 27, partBytes },
        // Not enough to keep logits: they are made again of the final residual.
        { texts: 4, bytes: 2 ** 10, partBytes },
      ]) {
        using baselines = new Baselines(model, limits);
        const read = await analyzePrompt(model, undefined, ids, {
          nextTokens: 10,
          honesty: false,
          logits: 'none',
          captures: [],
          mostLogitBytes: limits.partBytes,
        });
        const next = {
          ids: read.next.ids.slice(row * 10, row * 10 + 10),
          probs: read.next.probs.slice(row * 10, row * 10 + 10),
        };
        const logits = await fullLogits(model, ids, steering);
        const expected = plainSide(ids, await fullLogits(model, ids), logits, { ...options, row });
        for (let time = 0; time < 2; time++) {
          const { base, steered } = await compare(model, baselines, ids, steering, { row });
          expectSame(base, { loss: read.loss, kl: new Float32Array(LENGTH), next, movers: [] }, 'base');
          expectEqual([base.movers.length], [0]);
          expectSide(steered, expected, 'steered');
        }
      }
    },
  'rows before the first that is changed keep every digit; nothing to do changes nothing': async (gpu) => {
    for (const [name, load] of Object.entries(models)) {
      using model = await load(gpu);
      using baselines = new Baselines(model);
      const ids = someIds(model);
      for (const added of places(model).filter(({ hook }) => hook.includes('resid'))) {
        const { base, steered } = await compare(model, baselines, ids, addedRows([added]));
        expectEqual(steered.kl.subarray(0, FIRST), new Float32Array(FIRST), `${name} ${added.hook}`);
        if (!steered.kl.subarray(FIRST).every((value) => value > 0)) throw new Error('later rows stayed');
        expectEqual(steered.loss.subarray(1, FIRST + 1), base.loss.subarray(1, FIRST + 1), 'loss');
        const none = await compare(
          model,
          baselines,
          ids,
          addedRows([{ ...added, values: added.values.map(() => 0) }]),
        );
        expectSame(none.steered, base, 'zeros');
        expectEqual([none.steered.movers.length], [0], 'movers of zeros');
      }
      const before = { ...gpu.counters };
      const idle = { firstLayer: model.config.nLayers, atEmbedding: false, edits: addedRows([]).edits };
      const nothing = await compare(model, baselines, ids, idle);
      expectSame(nothing.steered, nothing.base, 'nothing');
      expectEqual(
        [nothing.resumedAt, gpu.counters.dispatches - before.dispatches],
        [model.config.nLayers, 0],
      );
    }
  },
  'a slider step runs only the layers from the first changed on, in one submission and one small readback':
    async (gpu) => {
      using model = await bundledModel(gpu);
      using baselines = new Baselines(model);
      const ids = someIds(model);
      const measure = async (layer: number, size: number): Promise<{ dispatches: number; bytes: number }> => {
        const before = { ...gpu.counters };
        await compare(
          model,
          baselines,
          ids,
          addedRows([noise(model, `blocks.${layer}.hook_resid_pre`, layer, size)]),
        );
        expectEqual(
          [gpu.counters.submissions - before.submissions, gpu.counters.readbacks - before.readbacks],
          [1, 1],
        );
        return {
          dispatches: gpu.counters.dispatches - before.dispatches,
          bytes: gpu.counters.bytesRead - before.bytesRead,
        };
      };
      const cold = await measure(3, 1);
      const warm = [await measure(3, 2)];
      for (const layer of [2, 1, 0]) {
        await measure(layer, 1);
        warm.unshift(await measure(layer, 2));
      }
      const steps = warm.slice(1).map(({ dispatches }, i) => warm[i]!.dispatches - dispatches);
      if (!(steps[0]! > 0 && steps.every((step) => step === steps[0])))
        throw new Error(`dispatches for layers 0 to 3: ${warm.map(({ dispatches }) => dispatches).join()}`);
      if (!(cold.dispatches > warm[0]!.dispatches))
        throw new Error('the first comparison makes the base as well');
      for (const { bytes } of warm) expectEqual([bytes], [4 * (3 * LENGTH + model.config.dVocab)]);
    },
  'another row, another first layer and another text are as if they were the first': async (gpu) => {
    using model = await bundledModel(gpu);
    using baselines = new Baselines(model);
    const texts = [1, 2].map((seed) => someIds(model, seed));
    const steerings = [3, 1, 2].map((layer) =>
      addedRows([noise(model, `blocks.${layer}.hook_resid_pre`, layer)]),
    );
    for (const ids of [...texts, texts[0]!]) {
      for (const steering of steerings) {
        for (const row of [23, 0]) {
          using fresh = new Baselines(model);
          const found = await compare(model, baselines, ids, steering, { row });
          const expected = await compare(model, fresh, ids, steering, { row });
          for (const side of ['base', 'steered'] as const) expectSame(found[side], expected[side], side);
          expectEqual(
            found.steered.movers.flatMap(({ id, before, after }) => [id, before, after]),
            expected.steered.movers.flatMap(({ id, before, after }) => [id, before, after]),
          );
        }
      }
    }
  },
  'features of a dictionary at or after the intervention change, those before it do not': async (gpu) => {
    using model = await bundledModel(gpu);
    using baselines = new Baselines(model);
    const ids = someIds(model);
    const row = 20;
    const edits = [
      {
        added: noise(model, 'blocks.3.hook_resid_pre', 3),
        moves: { 'blocks.2.hook_resid_pre': false, 'blocks.3.hook_resid_post': true },
      },
      {
        added: noise(model, 'blocks.2.hook_resid_pre', 2),
        moves: { 'blocks.2.hook_resid_pre': true, 'blocks.3.hook_resid_post': true },
      },
      { added: noise(model, 'hook_embed', -1), moves: { 'blocks.2.hook_resid_pre': true } },
    ];
    for (const { added, moves } of edits) {
      for (const [hook, moved] of Object.entries(moves)) {
        using dictionary = await bundledDictionary(gpu, hook);
        const read = await analyzePrompt(model, dictionary, ids, {
          nextTokens: 1,
          honesty: false,
          logits: 'none',
          captures: [],
        });
        const at = [read.codes.offsets[row]!, read.codes.offsets[row + 1]!] as const;
        for (let time = 0; time < 2; time++) {
          const { features } = await compare(model, baselines, ids, addedRows([added]), { row, dictionary });
          const base = features!.filter((feature) => feature.base > 0).sort((a, b) => b.base - a.base);
          expectEqual(
            base.map(({ index }) => index),
            read.codes.indices.slice(...at),
            'features of the base',
          );
          expectClose(
            base.map((feature) => feature.base),
            read.codes.values.slice(...at),
            { relative: 1e-5 },
            'activations',
          );
          const changed = features!.some((feature) => feature.base !== feature.steered);
          if (changed !== moved) throw new Error(`${added.hook} changed ${hook}: ${changed}`);
          const sizes = features!.map((feature) => Math.max(feature.base, feature.steered));
          expectEqual(
            sizes,
            [...sizes].sort((a, b) => b - a),
            'order',
          );
        }
      }
    }
  },
  'a pass that had too little room is made again': async (gpu) => {
    using model = await bundledModel(gpu);
    using baselines = new Baselines(model);
    const ids = someIds(model);
    const added = [noise(model, 'blocks.2.hook_resid_pre', 2)];
    const once = await compare(model, baselines, ids, addedRows(added, [false, true]));
    expectSame(once.steered, (await compare(model, baselines, ids, addedRows(added))).steered, 'second try');
  },
  'bases are kept for a few texts and within bytes, and given back': async (gpu) => {
    using model = await bundledModel(gpu);
    gpu.trim();
    const empty = gpu.allocatedBytes;
    const steerings = [3, 2, 1, 0].map((layer) =>
      addedRows([noise(model, `blocks.${layer}.hook_resid_pre`, layer)]),
    );
    const residual = 4 * LENGTH * model.config.dModel;
    const logits = 4 * LENGTH * model.config.dVocab;
    {
      using baselines = new Baselines(model, { texts: 2, bytes: 2 ** 27 });
      let full = 0;
      for (let seed = 1; seed <= 4; seed++) {
        for (const steering of steerings) await compare(model, baselines, someIds(model, seed), steering);
        expectEqual([baselines.byteLength], [Math.min(seed, 2) * (4 * residual + logits)], `text ${seed}`);
        if (seed === 3) full = gpu.allocatedBytes;
        if (seed === 4) expectEqual([gpu.allocatedBytes], [full], 'a text that takes the place of another');
      }
      // The second newest is still there, the oldest is not.
      const dispatchesOf = async (seed: number): Promise<number> => {
        const before = gpu.counters.dispatches;
        await compare(model, baselines, someIds(model, seed), steerings[0]!);
        return gpu.counters.dispatches - before;
      };
      const kept = await dispatchesOf(3);
      if (!((await dispatchesOf(1)) > kept)) throw new Error('the oldest was kept');
    }
    gpu.trim();
    expectEqual([gpu.allocatedBytes], [empty], 'after all were given back');
    using few = new Baselines(model, { texts: 2, bytes: logits + 2 * residual });
    for (const seed of [1, 2]) {
      for (const steering of steerings) await compare(model, few, someIds(model, seed), steering);
      if (few.byteLength > logits + 2 * residual) throw new Error(`${few.byteLength} bytes are kept`);
    }
  },
  'what fails leaves the base as it was': async (gpu) => {
    using model = await bundledModel(gpu);
    gpu.trim();
    const empty = gpu.allocatedBytes;
    {
      using baselines = new Baselines(model);
      const ids = someIds(model);
      const good = addedRows([noise(model, 'blocks.1.hook_resid_pre', 1)]);
      const bad: SteeredPass = {
        firstLayer: 0,
        atEmbedding: false,
        edits: () => {
          throw new Error('cannot be done');
        },
      };
      const failed = async (): Promise<boolean> =>
        compare(model, baselines, ids, bad).then(
          () => false,
          () => true,
        );
      if (!(await failed())) throw new Error('nothing was said of a failure');
      expectEqual([baselines.byteLength], [0], 'a base that never ran is not kept');
      const first = await compare(model, baselines, ids, good);
      if (!(await failed())) throw new Error('nothing was said of a failure');
      expectSame((await compare(model, baselines, ids, good)).steered, first.steered, 'after a failure');
    }
    gpu.trim();
    expectEqual([gpu.allocatedBytes], [empty]);
  },
});
