import { addedRows } from '../../testing/added-rows.ts';
import { bundledModel } from '../../testing/bundled.ts';
import { gpuCases } from '../../testing/cases.ts';
import { expectEqual } from '../../testing/close.ts';
import { compare, expectSame, LENGTH, noise, someIds } from '../../testing/compared.ts';
import { Baselines } from './baselines.ts';
import type { SteeredPass } from './compare.ts';

export const cases = gpuCases('bases kept for comparing', {
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
  'bases are kept for a few texts and within bytes, and given back': async (gpu) => {
    using model = await bundledModel(gpu);
    gpu.trim();
    const empty = gpu.allocatedBytes;
    const steerings = [3, 2, 1, 0].map((layer) =>
      addedRows([noise(model, `blocks.${layer}.hook_resid_pre`, layer)]),
    );
    const residual = 4 * LENGTH * model.config.dModel;
    const logits = 4 * LENGTH * model.config.dVocab;
    const attention = 4 * 3 * residual;
    {
      using baselines = new Baselines(model, { texts: 2, bytes: 2 ** 27 });
      let full = 0;
      for (let seed = 1; seed <= 4; seed++) {
        for (const steering of steerings)
          await compare(model, baselines, someIds(model, seed), steering, { frozen: true });
        expectEqual(
          [baselines.byteLength],
          [Math.min(seed, 2) * (4 * residual + attention + logits)],
          `${seed}`,
        );
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
      // What was used since stays before what was not.
      expectEqual([await dispatchesOf(3)], [kept], 'the text used before');
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
